"""People are found by the beginnings of words, in any case and with or without accents."""

import sqlalchemy as sa
from alembic import op

from chinwag.domain.normal_form import TooLongError
from chinwag.domain.search_words import search_words

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, and fill it for open accounts: of closed ones no name is left."""
    words = op.create_table(
        "search_words",
        sa.Column("account", sa.Text, sa.ForeignKey("accounts.id"), primary_key=True),
        sa.Column("word", sa.Text, primary_key=True),
        sa.Column("open", sa.Boolean, nullable=False),
    )
    op.create_index("search_words_by_word", "search_words", ["open", "word", "account"])
    connection = op.get_bind()
    columns = ("id", "name", "display_name", "disabled", "closed_at")
    accounts = sa.table("accounts", *[sa.column(name) for name in columns])
    for row in connection.execute(sa.select(accounts).where(accounts.c.closed_at.is_(None))).all():
        try:
            found = search_words(row.name, row.display_name)
        except TooLongError:  # nothing that was taken as a name is so long
            continue
        rows = [{"account": row.id, "word": word, "open": not row.disabled} for word in sorted(found)]
        if rows:
            connection.execute(sa.insert(words), rows)
