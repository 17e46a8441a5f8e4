"""Names inside the rows of a store: any text that has a UTF-8 form, of bounded length."""

from functools import lru_cache
from typing import Final

from chinwag.domain.ids import ID_BYTES
from chinwag.domain.refusal import Code, Refused


def written(text: str) -> bytes:
    """A name as a store writes it. Raises `bad_request` for one that is too long or has no UTF-8 form."""
    try:
        name = text.encode()
    except UnicodeEncodeError:
        raise Refused(Code.BAD_REQUEST, "an id is not valid text") from None
    if len(name) > ID_BYTES:
        raise Refused(Code.BAD_REQUEST, f"an id has more than {ID_BYTES} bytes")
    return name


known: Final = lru_cache(maxsize=65_536)(written)
"""`written`, for names that come again and again."""
