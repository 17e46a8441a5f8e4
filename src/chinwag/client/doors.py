"""Which gateway the next session is tried at."""

from collections.abc import Callable
from typing import Final

from chinwag.client.errors import ApiError
from chinwag.client.http import Http
from chinwag.client.link import Door, End
from chinwag.wire.gateways import GatewayOptions

_ELSEWHERE: Final = frozenset({"drain", "overloaded"})


class Doors:
    """The gateway that discovery recommends, when one is new here or was sent elsewhere; else the last one."""

    def __init__(self, http: Http, home: Callable[[], str]) -> None:
        """home: the address of the server, which is a gateway that has no address of its own."""
        self._http = http
        self._home = home
        self._gateway = home()
        self._elsewhere = True
        """Whether discovery is asked before the next session: at first, and when one was sent away or none began."""

    async def next(self, token: str) -> Door:
        """The door to try now; another one comes next, unless `left` says that a session came of it.

        Raises `ApiError`.
        """
        door = await self._recommended() if self._elsewhere else None
        self._elsewhere = True
        return door or Door(self._gateway, token)

    def left(self, end: End) -> None:
        """A session has ended so."""
        self._elsewhere = end.code in _ELSEWHERE or not end.lasted

    async def _recommended(self) -> Door | None:
        try:
            options = await self._http.get("/v1/gateways", GatewayOptions)
        except ApiError as error:
            if error.code != "not_found":
                raise
            return None  # a server without discovery is its own gateway
        best = options.gateways[0]
        self._gateway = best.url or self._home()
        return Door(self._gateway, ticket=best.ticket)
