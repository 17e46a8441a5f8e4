"""What several servers count together, each kind at its own rate, and whom searches have shown within a day."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add when a level is full again, and the table of days. A server of the version before goes on meanwhile, and
    leaves the one empty."""
    op.add_column("allowances", sa.Column("full_at", sa.BigInteger))
    op.drop_index("allowances_by_age", "allowances")
    op.create_index("allowances_by_full_at", "allowances", ["full_at"])
    op.create_table(
        "shown_people",
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("people", sa.LargeBinary, nullable=False),
    )
    op.create_index("shown_people_by_until", "shown_people", ["until"])
