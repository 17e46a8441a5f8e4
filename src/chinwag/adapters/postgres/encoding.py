"""Whether a database can hold every text: one in another encoding than UTF-8 refuses, or changes, some of them."""

from typing import Any

from chinwag.told import Told


class WrongEncodingError(Told):
    """The database is encoded otherwise; the message says how, and what would do."""


async def refuse_encoding(connection: Any, whose: str) -> None:
    """Raise `WrongEncodingError` if the database behind `connection` is in another encoding than UTF-8. whose: the
    database, for people."""
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise WrongEncodingError(f"{whose} is encoded in {encoding}: make one with ENCODING 'UTF8' TEMPLATE template0")
