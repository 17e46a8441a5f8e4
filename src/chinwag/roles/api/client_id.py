"""`Idempotency-Key`: the client's own name for a request, the same id as a send or change has on a socket."""

from typing import Annotated, Any

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import HeaderParameter

from chinwag.domain.ids import ID_BYTES, ClientId, check_client_id
from chinwag.domain.refusal import Code, Refused

HEADER = b"idempotency-key"

GivenId = NamedDependency[ClientId | None]
"""The type of a handler's `given_id`: what the client calls its request, None if nothing."""

_Described = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        max_length=ID_BYTES,
        description="The id of a send or change: the same again makes no second one. UTF-8, at most 255 bytes.",
    ),
]


def given_id_of(request: Request[Any, Any, Any], idempotency_key: _Described = None) -> ClientId | None:
    """The dependency `given_id`. Raises `bad_request` for a key that is no id: also for an empty one, and for two.

    The framework takes a header for Latin-1, so the bytes are read here: as UTF-8, like every other text of ours.
    """
    del idempotency_key  # it is here for the published document
    given = [value for name, value in request.scope["headers"] if name == HEADER]
    if not given:
        return None
    if len(given) > 1:
        raise Refused(Code.BAD_REQUEST, "one Idempotency-Key, not several")
    try:
        key = ClientId(given[0].strip(b" \t").decode())
    except UnicodeDecodeError:
        raise Refused(Code.BAD_REQUEST, "the Idempotency-Key is not UTF-8") from None
    check_client_id(key)
    return key
