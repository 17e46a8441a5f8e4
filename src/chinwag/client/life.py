"""A device's life with its server: one session after the other, for as long as the device may log in."""

import asyncio
import ssl
from typing import Final

from chinwag.client.backoff import Backoff
from chinwag.client.credentials import Tokens
from chinwag.client.doors import Doors
from chinwag.client.errors import ApiError, LoggedOut
from chinwag.client.events import Offline, Online
from chinwag.client.feed import Feed
from chinwag.client.http import OVER, RENEW, Http
from chinwag.client.link import End, Link
from chinwag.client.store import DeviceStore
from chinwag.wire.codec import parse_cursor
from chinwag.wire.conversations import CurrentCursor

STABLE_SECONDS: Final = 5.0
"""A session that lasted so long was a good one: the next delays are short again."""


class Life:
    """Begins at the end of the inbox, where the device is new, and comes back after every interruption."""

    def __init__(
        self, http: Http, tokens: Tokens, store: DeviceStore, feed: Feed, link: Link, tls: ssl.SSLContext
    ) -> None:
        self._http = http
        self._tokens = tokens
        self._store = store
        self._feed = feed
        self._link = link
        self._tls = tls
        self._doors = Doors(http, lambda: tokens.credentials.url)
        self.begun: Final = asyncio.Event()
        """Set once the place in the inbox is known, or will never be."""

    async def run(self) -> None:
        """Hold sessions for ever. Raises `LoggedOut`."""
        backoff = Backoff()
        while True:
            end = await self._once()
            if end.lasted >= STABLE_SECONDS:
                backoff.reset()
            delay = backoff.next(end.after)
            self._feed.put_aside(Offline(end.code, delay))
            await asyncio.sleep(delay)

    async def begin(self) -> None:
        """A new device begins at the end of the inbox. Raises `ApiError`."""
        if self._feed.safe is None:
            begin = parse_cursor((await self._http.get("/v1/cursor", CurrentCursor)).cursor)
            self._store.save_cursor(begin)
            self._feed.begin(begin)
        self.begun.set()

    async def _once(self) -> End:
        """Hold one session. Raises `LoggedOut`."""
        try:
            token = await self._tokens.access()
            await self.begin()
            door = await self._doors.next(token)
            end = await self._link.run(door, self._tls, lambda: self._feed.put_aside(Online()))
            self._doors.left(end)
            if end.code in RENEW:
                await self._tokens.renew(token)
        except LoggedOut:
            raise
        except ApiError as error:
            return End(error.code, error.retry_after or 0.0)
        if end.code in OVER:
            raise LoggedOut(end.code, "The server has ended this device's session: log in again.")
        return end
