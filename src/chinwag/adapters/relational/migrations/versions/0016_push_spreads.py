"""Accounts that want to be told of every message of a large group, and what is to be pushed to many."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, which nobody has set yet, with its index, and the table."""
    text = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    op.add_column("preferences", sa.Column("every", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_index("preferences_of_every", "preferences", ["conversation", "every", "account"])
    op.create_table(
        "push_spreads",
        sa.Column("conversation", text, primary_key=True),
        sa.Column("everyone", sa.Boolean, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("covered", sa.BigInteger, nullable=False),
        sa.Column("begun_at", sa.BigInteger, nullable=False),
        sa.Column("due", sa.BigInteger),
        sa.Column("after", text, nullable=False),
        sa.Column("told", sa.Integer, nullable=False),
    )
    op.create_index("push_spreads_due", "push_spreads", ["due"])
