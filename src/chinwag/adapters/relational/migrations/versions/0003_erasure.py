"""Closed accounts are erased: those closed before too."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of erasures, and put every account into it that was closed under earlier versions."""
    op.create_table(
        "erasures",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("closed_at", sa.BigInteger, nullable=False),
        sa.Column("stage", sa.Integer, nullable=False),
        sa.Column("behind", sa.BigInteger, nullable=False),
    )
    connection = op.get_bind()
    accounts = sa.table(
        "accounts", *[sa.column(name) for name in ("id", "name", "name_key", "settings", "admin", "closed_at")]
    )
    erasures = sa.table("erasures", *[sa.column(name) for name in ("account", "closed_at", "stage", "behind")])
    devices = sa.table("devices", sa.column("account"), sa.column("name"))
    blocks = sa.table("blocks", sa.column("blocker"))
    outbox = sa.table("outbox", sa.column("id"))
    last = connection.scalar(sa.select(sa.func.max(outbox.c.id))) or 0
    for row in connection.execute(sa.select(accounts).where(accounts.c.closed_at.is_not(None))).all():
        digest = hashlib.sha256(row.name_key.encode()).hexdigest()
        emptied = {"name": "", "name_key": f"closed:{digest}", "settings": "{}", "admin": False}
        connection.execute(sa.update(accounts).where(accounts.c.id == row.id).values(emptied))
        connection.execute(sa.update(devices).where(devices.c.account == row.id).values(name=""))
        connection.execute(sa.delete(blocks).where(blocks.c.blocker == row.id))
        begun = {"account": row.id, "closed_at": row.closed_at, "stage": 0, "behind": last}
        connection.execute(sa.insert(erasures).values(begun))
