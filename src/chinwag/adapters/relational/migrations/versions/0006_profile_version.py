"""The public profile has a version of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Begin it where the account's version stands, as that is what was given out for the profile's."""
    op.add_column("accounts", sa.Column("profile_version", sa.BigInteger, nullable=False, server_default="1"))
    accounts = sa.table("accounts", sa.column("version"), sa.column("profile_version"))
    op.get_bind().execute(sa.update(accounts).values(profile_version=accounts.c.version))
