"""A request's body as the API reads it: what it cannot hold is refused with the code that a socket would give."""

from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import SerializationException

from chinwag.domain.refusal import Code, Refused
from chinwag.roles.api.admit import WEIGH
from chinwag.wire.faulty import Faulty


class ApiRequest(Request[Any, Any, Any]):
    """A request whose JSON may hold neither half a surrogate pair nor a number that no number is."""

    async def json(self) -> Any:
        """The body, decoded. Raises `Refused` (`rate_limited`, `text_surrogate`, `bad_request`), or what the framework
        raises for any other fault."""
        scope: dict[str, Any] = dict(self.scope)
        if WEIGH in scope:
            scope[WEIGH](len(await self.body()))
        try:
            return await super().json()
        except SerializationException as error:
            cause = error.__cause__
            if isinstance(cause, msgspec.ValidationError):  # no type is asked for here: only a number can be wrong
                raise Refused(Code.BAD_REQUEST, "a number is out of range") from None
            if isinstance(cause, msgspec.DecodeError) and Faulty(await self.body()).only_half_a_pair:
                raise Refused(Code.TEXT_SURROGATE) from None
            raise
