"""The words of accounts in their table, and what begins with them."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, exists, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import search_words
from chinwag.domain import search_words as rule
from chinwag.domain.ids import AccountId
from chinwag.ports.directory import PAGE_MAX, Account

LOOKS: Final = 1_000
"""Rows looked at for one search among everybody."""
_LAST: Final = "\U0010ffff"
"""No word has this character, and all that words have sort before it."""


async def keep_words(connection: AsyncConnection, account: Account) -> None:
    """Keep the words of `account` as it is now: none of a closed one."""
    await connection.execute(delete(search_words).where(search_words.c.account == account.id))
    if account.closed:
        return
    shown = account.settings.findable and not account.disabled
    words = rule.search_words(account.name, account.display_name)
    rows = [{"account": account.id, "word": word, "open": shown} for word in sorted(words)]
    if rows:
        await connection.execute(insert(search_words), rows)


async def with_words(
    connection: AsyncConnection, words: Sequence[str], among: Sequence[AccountId] | None, limit: int
) -> list[AccountId]:
    """As `AccountRepository.search`, disabled accounts included where `among` names them."""
    first, *others = words
    held = search_words.c
    looked = select(held.account, held.word).where(_begins(held.word, first))
    if among is None:
        looked = looked.where(held.open.is_(True)).order_by(held.word, held.account).limit(LOOKS)
    else:
        looked = looked.where(held.account.in_(among[:PAGE_MAX])).order_by(held.word, held.account)
    candidates = looked.subquery()
    query = select(candidates.c.account).order_by(candidates.c.word, candidates.c.account)
    for number, word in enumerate(others):
        other = search_words.alias(f"other{number}")
        query = query.where(exists().where(other.c.account == candidates.c.account, _begins(other.c.word, word)))
    found = dict.fromkeys(AccountId(one) for one in await connection.scalars(query))
    return list(found)[: min(limit, PAGE_MAX)]


def _begins(column: ColumnElement[Any], word: str) -> ColumnElement[bool]:
    """A range, and no LIKE: that one knows its own rules for case, and takes no index."""
    return column.between(word, word + _LAST)
