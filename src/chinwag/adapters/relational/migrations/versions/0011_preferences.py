"""What accounts want of their conversations."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    text = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    op.create_table(
        "preferences",
        sa.Column("account", text, sa.ForeignKey("accounts.id"), primary_key=True),
        sa.Column("conversation", text, primary_key=True),
        sa.Column("preferences", text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
