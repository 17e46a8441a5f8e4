"""Pushes: where devices are reached, what waits to be pushed, and how far the streams have been read for it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    text = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    op.create_table(
        "push_subscriptions",
        sa.Column("device", text, sa.ForeignKey("devices.id"), primary_key=True),
        sa.Column("account", text, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("address", text, nullable=False),
        sa.Column("place", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("key", text, nullable=False),
        sa.Column("registered_at", sa.BigInteger, nullable=False),
        sa.Column("cleared_at", sa.BigInteger, nullable=False),
    )
    op.create_index("push_subscriptions_of_account", "push_subscriptions", ["account"])
    op.create_index("push_subscriptions_by_key", "push_subscriptions", ["key"])
    op.create_table(
        "push_jobs",
        sa.Column("device", text, primary_key=True),
        sa.Column("conversation", text, primary_key=True),
        sa.Column("account", text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("due", sa.BigInteger),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("shown", sa.BigInteger, nullable=False),
        sa.Column("shown_at", sa.BigInteger, nullable=False),
        sa.Column("look_at", sa.BigInteger),
        sa.Column("held", sa.Boolean, nullable=False),
        sa.Column("lease", sa.BigInteger, nullable=False),
    )
    op.create_index("push_jobs_due", "push_jobs", ["due"])
    op.create_index("push_jobs_to_look_at", "push_jobs", ["look_at"])
    op.create_index("push_jobs_of_conversation", "push_jobs", ["conversation", "account"])
    op.create_table(
        "push_mark",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("reached", text, nullable=False),
    )
