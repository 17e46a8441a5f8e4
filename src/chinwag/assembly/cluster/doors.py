"""The public port of a process that is not both gateway and api: what is not here is said not to be."""

from typing import Any

from chinwag.domain.refusal import Code, Refused
from chinwag.roles.port.handshake import Upgrade
from chinwag.roles.web.pages import refuse


async def no_api(scope: Any, receive: Any, send: Any) -> None:
    """The application of a gateway alone."""
    if scope["type"] == "lifespan":
        while True:
            event = (await receive())["type"]
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return
    await refuse(scope, send, Refused(Code.NOT_FOUND, "this process takes sockets only"))


def no_gateway(_: Upgrade) -> Any:
    """The listeners of an api alone."""
    raise Refused(Code.NOT_FOUND, "this process takes no sockets")
