"""Names that look alike are known by a second key; names that exist stay."""

import sqlalchemy as sa
from alembic import op

from chinwag.domain.look_alike import look_alike_key
from chinwag.domain.normal_form import TooLongError

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and fill it for open accounts: of closed ones no name is left."""
    op.add_column("accounts", sa.Column("look_alike", sa.Text))
    op.create_index("accounts_by_look_alike", "accounts", ["look_alike"])
    connection = op.get_bind()
    accounts = sa.table("accounts", *[sa.column(name) for name in ("id", "name", "closed_at", "look_alike")])
    for row in connection.execute(sa.select(accounts).where(accounts.c.closed_at.is_(None))).all():
        try:
            key = look_alike_key(row.name)
        except TooLongError:  # nothing that was taken as a name is so long
            continue
        connection.execute(sa.update(accounts).where(accounts.c.id == row.id).values(look_alike=key))
