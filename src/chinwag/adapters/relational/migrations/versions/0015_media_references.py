"""Which messages show which uploads, and the pictures of accounts and groups."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, and the column that says which picture an account has."""
    text = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    op.add_column("accounts", sa.Column("avatar", text, nullable=False, server_default=""))
    op.create_table(
        "avatars",
        sa.Column("id", text, primary_key=True),
        sa.Column("account", text, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("conversation", text),
        sa.Column("hash", text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("claimed_at", sa.BigInteger, nullable=False),
        sa.Column("placed", sa.Boolean, nullable=False),
    )
    op.create_index("avatars_of_account", "avatars", ["account"])
    op.create_index("avatars_of_conversation", "avatars", ["conversation"])
    op.create_index("avatars_of_blob", "avatars", ["hash"])
    op.create_index("avatars_by_age", "avatars", ["placed", "claimed_at"])
    op.create_table(
        "media_references",
        sa.Column("conversation", text, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("upload", text, nullable=False),
    )
    op.create_index("media_references_of_upload", "media_references", ["upload"])
    op.create_table(
        "media_reading",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("reached", text, nullable=False),
        sa.Column("at_head", sa.BigInteger, nullable=False),
    )
