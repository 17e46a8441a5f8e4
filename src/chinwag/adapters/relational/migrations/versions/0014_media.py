"""Uploads, their parts, the blobs that they became, and when somebody last needed each blob."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    text = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    op.create_table(
        "uploads",
        sa.Column("id", text, primary_key=True),
        sa.Column("account", text, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("picture", sa.Boolean, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("metadata", text, nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("parts", sa.Integer, nullable=False),
        sa.Column("state", text, nullable=False),
        sa.Column("held_until", sa.BigInteger, nullable=False),
        sa.Column("poster", text, nullable=False),
        sa.Column("found", text),
    )
    op.create_index("uploads_of_account", "uploads", ["account", "state"])
    op.create_index("uploads_by_age", "uploads", ["state", "expires_at"])
    op.create_table(
        "upload_parts",
        sa.Column("upload", text, sa.ForeignKey("uploads.id"), primary_key=True),
        sa.Column("offset", sa.BigInteger, primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("name", text, nullable=False),
    )
    op.create_table(
        "upload_files",
        sa.Column("upload", text, sa.ForeignKey("uploads.id"), primary_key=True),
        sa.Column("kind", text, primary_key=True),
        sa.Column("hash", text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("media_type", text, nullable=False),
    )
    op.create_index("upload_files_of_blob", "upload_files", ["hash"])
    op.create_table(
        "blobs",
        sa.Column("hash", text, primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("claimed_at", sa.BigInteger, nullable=False),
        sa.Column("dying", sa.Boolean, nullable=False),
    )
    op.create_index("blobs_dying", "blobs", ["dying", "hash"])
