"""A request's body as the API reads it: what it cannot hold is refused with the code that a socket would give."""

from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import SerializationException

from chinwag.domain.refusal import Code, Refused
from chinwag.wire.codec import has_half_a_pair


class ApiRequest(Request[Any, Any, Any]):
    """A request whose JSON may not hold half a surrogate pair."""

    async def json(self) -> Any:
        """The body, decoded. Raises `Refused(TEXT_SURROGATE)`, or what the framework raises for any other fault."""
        try:
            return await super().json()
        except SerializationException as error:
            # Wrong types are another error; what cannot be read by ours but by a lax parser has half a pair.
            if isinstance(error.__cause__, msgspec.DecodeError) and has_half_a_pair(await self.body()):
                raise Refused(Code.TEXT_SURROGATE) from None
            raise
