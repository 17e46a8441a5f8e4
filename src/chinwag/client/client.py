"""The client: logs in, sends, receives, and comes back by itself after every interruption."""

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType

from chinwag.client.credentials import Credentials, Tokens, credentials_of, load_credentials
from chinwag.client.errors import ClientClosed, LoggedOut, Unreachable
from chinwag.client.events import Large, LoadAfresh, Received, Unknown, Update
from chinwag.client.feed import Feed
from chinwag.client.following import Following
from chinwag.client.groups import Groups
from chinwag.client.http import Http, tls_context
from chinwag.client.life import Life
from chinwag.client.link import Link
from chinwag.client.media import NotBare, Progress
from chinwag.client.openid import Listener
from chinwag.client.outbox import Frame, LeftOver, Outbox, Pending, decode
from chinwag.client.reads import Reads
from chinwag.client.resources import Resources
from chinwag.client.store import DeviceStore
from chinwag.client.typed import Typed
from chinwag.client.watching import Watching
from chinwag.lasting import lasting_folder
from chinwag.wire.codec import Cursor
from chinwag.wire.conversations import Placed
from chinwag.wire.frames import Change, Delete, Edit, React, Send, Typing
from chinwag.wire.http import LogInRequest, OpenIdLogIn, SignUpRequest
from chinwag.wire.values import (
    AccountId,
    Attach,
    ClientId,
    ConversationId,
    Event,
    GroupAction,
    MessageName,
    SentBody,
    Text,
    UploadId,
    direct_id,
)


class Client(Resources, Watching, Groups):
    """One device of one account. Use it as an async context manager; it connects inside and reconnects for ever.

    Each message that the application sends is placed once, in the order sent (with a store on disk, also across
    restarts). Each event reaches the application once, in order; after a crash the last second's may come again.

        async with await Client.log_in("http://127.0.0.1:8420", "ada", "a password") as client:
            await client.send("Hello", to=account)
            async for event in client.events():
                ...
    """

    def __init__(
        self, credentials: Credentials, *, store: Path | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        """Prefer `log_in`, `sign_up` and `resume`. store: a folder for this device alone, made if need be.

        Raises `StoreInUse`.
        """
        self._tls = tls or tls_context(None)
        super().__init__(Http(credentials.url, self._tls))
        self._store = DeviceStore(None if store is None else _folder(store) / "device.sqlite3")
        self._store.claim(credentials.device)
        self._tokens = Tokens(credentials, self._http, None if store is None else store / "session.json")
        self._http.authorise(self._tokens.access, self._tokens.renew)
        self._feed = Feed(self._store.cursor())
        self._outbox = Outbox(self._store)
        self._reads = Reads(self._store)
        self._following = Following(self._feed)
        self._link = Link(credentials.account, self._store, self._feed, self._outbox, self._reads, self._following)
        self._life = Life(self._http, self._tokens, self._store, self._feed, self._link, self._tls)
        self._typed = Typed()
        self._running: asyncio.Task[None] | None = None
        self._closed = False

    @classmethod
    async def log_in(
        cls,
        url: str,
        name: str,
        password: str,
        *,
        store: Path | None = None,
        device: str = "",
        ca_file: Path | None = None,
    ) -> "Client":
        """Make a new device of an account; it gets what happens from now on.

        Raises `ApiError` (`wrong_login`, …), `Unreachable`, `BadAddress`, `StoreInUse`.
        """
        tls = tls_context(ca_file)
        http = Http(url, tls)
        try:
            tokens, server_now = await http.log_in(LogInRequest(name, password, device))
        finally:
            await http.close()
        client = cls(credentials_of(http.url, tokens, server_now), store=store, tls=tls)
        with contextlib.suppress(Unreachable):
            await client._life.begin()  # events from now on; otherwise from the first connection on
        return client

    @classmethod
    async def log_in_by_provider(
        cls,
        url: str,
        provider: str,
        show: Callable[[str], object],
        *,
        invitation: str = "",
        store: Path | Callable[[str], Path] | None = None,
        device: str = "",
        ca_file: Path | None = None,
    ) -> "Client":
        """Make a new device of the account that `provider` (one of those that the server names) knows. show: gets the
        address for a browser on this machine, in which the person logs in within 10 minutes. store: as for `log_in`, or
        a function that gives one by the account's name.

        Raises as `log_in` does, and `ApiError` (`openid_failed`, `not_invited`, …).
        """
        tls = tls_context(ca_file)
        http = Http(url, tls)
        try:
            async with Listener() as listener:
                show(await http.begin_openid(provider, listener.binding, listener.address))
                shown = OpenIdLogIn(await listener.code(), listener.secret, invitation)
                tokens, server_now = await http.log_in(LogInRequest(device=device, login_type="openid", openid=shown))
        finally:
            await http.close()
        folder = store(tokens.account.name) if callable(store) else store
        client = cls(credentials_of(http.url, tokens, server_now), store=folder, tls=tls)
        with contextlib.suppress(Unreachable):
            await client._life.begin()
        return client

    @classmethod
    async def sign_up(
        cls,
        url: str,
        name: str,
        password: str,
        *,
        invitation: str = "",
        store: Path | None = None,
        device: str = "",
        ca_file: Path | None = None,
    ) -> "Client":
        """Make an account and log in. Raises `ApiError` (`name_taken`, `sign_up_closed`, …), and as `log_in` does."""
        http = Http(url, tls_context(ca_file))
        try:
            await http.sign_up(SignUpRequest(name, password, invitation=invitation))
        finally:
            await http.close()
        return await cls.log_in(url, name, password, store=store, device=device, ca_file=ca_file)

    @classmethod
    def resume(cls, store: Path, *, ca_file: Path | None = None) -> "Client":
        """Go on as the device that `store` holds. Raises FileNotFoundError, `StoreInUse`."""
        return cls(load_credentials(store / "session.json"), store=store, tls=tls_context(ca_file))

    async def __aenter__(self) -> "Client":
        self._running = asyncio.create_task(self._run(), name="chinwag client")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Leave: tell the server what is safe here, and let go of the store. What is unsent stays in it."""
        if self._closed:
            return
        self._closed = True
        self._link.close()
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})
        self._end(ClientClosed("the client was closed before the answer came"), None)
        if self._feed.safe is not None:
            self._store.save_cursor(self._feed.safe)
        self._store.close()
        await self._http.close()

    async def log_out(self) -> None:
        """End this device for good and close. Raises `Unreachable` or `ApiError` if the server does not learn of it."""
        with contextlib.suppress(LoggedOut):  # it may be so already
            await self._http.delete("/v1/sessions/current")
        self._tokens.forget()
        await self.close()

    # Who and where

    @property
    def credentials(self) -> Credentials:
        """The credentials as they are now."""
        return self._tokens.credentials

    @property
    def account(self) -> AccountId:
        """One's own account."""
        return self._tokens.credentials.account

    @property
    def online(self) -> bool:
        """Whether a session with the server is up."""
        return self._link.online

    @property
    def waiting(self) -> int:
        """Sends and changes that have no answer yet."""
        return len(self._outbox)

    async def room(self) -> None:
        """Wait until the outbox takes one more, however long that takes; `post` right after it is not refused."""
        await self._outbox.room.wait()
        self._check_open()

    def left_over(self) -> list[LeftOver]:
        """What the devices before this one in the same store had sent without an answer: it may be placed or not, so it
        is not sent again by itself. Kept until `forget_left_over`."""
        return [LeftOver(row.conversation, decode(row.frame)) for row in self._store.left_over()]

    def forget_left_over(self) -> None:
        """The person has seen what was left over."""
        self._store.forget_left_over()

    async def drained(self) -> None:
        """Wait until every send and change has its answer."""
        await self._outbox.empty.wait()

    async def cursor(self) -> Cursor:
        """The place in the inbox after which events come. Take it before loading anything afresh. Waits until it is
        known, which for a new device needs the server."""
        await self._life.begun.wait()
        if self._feed.safe is None:
            raise ClientClosed("the client was closed before it had begun")
        return self._feed.safe

    # Out

    def post(
        self,
        content: str | SentBody,
        *,
        conversation: ConversationId | None = None,
        to: AccountId | None = None,
        reply_to: int = 0,
        id: str | None = None,  # noqa: A002 - the protocol's word
    ) -> Pending:
        """Put a message in the outbox and return at once; `await pending.answer()` for its place.

        Name a conversation, or an account for the direct one. The same `id` again makes no second message.
        Raises `OutboxFull`, ValueError, and UnicodeEncodeError for half a surrogate pair.
        """
        self._check_open()
        if (conversation is None) == (to is None):
            raise ValueError("name a conversation or an account")
        body = Text(content) if isinstance(content, str) else content
        client_id = ClientId(id) if id else _new_id()
        lane = conversation if conversation is not None else direct_id(self.account, to or AccountId(""))
        pending = self._outbox.add(lane, Send(client_id, body, conversation, to, reply_to))
        self._link.pump()
        return pending

    async def send(
        self,
        content: str | SentBody,
        *,
        conversation: ConversationId | None = None,
        to: AccountId | None = None,
        reply_to: int = 0,
        id: str | None = None,  # noqa: A002 - the protocol's word
    ) -> Placed:
        """Send a message and wait until it is placed, however long that takes; cancelled, it is sent all the same.

        Raises as `post` does, and `ApiError` when the server refuses it.
        """
        return await self.post(content, conversation=conversation, to=to, reply_to=reply_to, id=id).answer()

    async def send_file(
        self,
        file: Path,
        *,
        conversation: ConversationId | None = None,
        to: AccountId | None = None,
        caption: str = "",
        as_picture: bool = False,
        progress: Progress | None = None,
    ) -> Placed:
        """Upload a file, and send it as a message. Raises as `upload` and `send` do, and `NotBare` in place of
        sending as a picture what tells still where it was taken."""
        upload = await self.upload(file, as_picture=as_picture, progress=progress)
        if as_picture and not upload.bare:
            raise NotBare(upload.id)
        return await self.send(Attach(UploadId(upload.id), caption=caption), conversation=conversation, to=to)

    async def forward(
        self, source: MessageName, *, conversation: ConversationId | None = None, to: AccountId | None = None
    ) -> Placed:
        """Send the media of a message that one may read once more, elsewhere: nothing is uploaded. Raises as `send`."""
        return await self.send(Attach(source=source), conversation=conversation, to=to)

    async def edit(self, conversation: ConversationId, number: int, content: str | SentBody) -> Placed:
        """Give one's own message another text, after what was sent there before. Raises `ApiError` when it is
        refused."""
        body = Text(content) if isinstance(content, str) else content
        return await self._asked(conversation, Edit(_new_id(), conversation, number, body))

    async def delete(self, conversation: ConversationId, number: int) -> Placed:
        """Delete a message, after what was sent there before. Raises `ApiError` when it is refused."""
        return await self._asked(conversation, Delete(_new_id(), conversation, number))

    async def react(self, conversation: ConversationId, number: int, reaction: str, *, on: bool = True) -> Placed:
        """Put one emoji on a message, or take one's own back. What is so already is answered with the conversation's
        last number. Raises `ApiError` when it is refused."""
        return await self._asked(conversation, React(_new_id(), conversation, number, reaction, on))

    async def change(self, conversation: ConversationId, action: GroupAction) -> Placed:
        """Have a group changed, after what was sent to it before. Raises `ApiError` when it is refused."""
        return await self._asked(conversation, Change(_new_id(), conversation, action))

    async def _asked(self, conversation: ConversationId, frame: Frame) -> Placed:
        self._check_open()
        pending = self._outbox.add(conversation, frame)
        self._link.pump()
        return await pending.answer()

    def read(self, conversation: ConversationId, number: int) -> None:
        """The person has read up to `number`. It is said until it has arrived."""
        self._check_open()
        self._reads.read(conversation, number)
        self._link.pump()

    def typing(self, conversation: ConversationId) -> None:
        """The person is writing. Call it with each key: it is said every three seconds at most."""
        if self._typed.is_due(conversation, asyncio.get_running_loop().time()):
            self._link.send(Typing(conversation))

    # In

    async def updates(self) -> AsyncIterator[Update]:
        """Events, signals and news of the connection, until the client is closed. One reader at a time.

        An event counts as done, and is not given again, when the next thing is asked for. Raises `LoggedOut` when
        the server has ended this device.
        """
        while (update := await self._feed.next()) is not None:
            yield update
            if self._feed.overflowed and self._feed.drained:
                # What did not fit is in the inbox still: come back for it.
                self._feed.taken()
                self._link.close("behind")

    async def events(self) -> AsyncIterator[Received]:
        """Only the events, in order, and `LoadAfresh` where there is a gap that they cannot fill. As `updates`."""
        async for update in self.updates():
            if isinstance(update, Event | Unknown | LoadAfresh | Large):
                yield update

    # The session's life

    async def _run(self) -> None:
        telling = asyncio.create_task(self._tell_heads(), name="chinwag client: where groups are")
        try:
            await self._life.run()
        except LoggedOut as over:
            self._end(over, over)
        except Exception as error:
            # Without this task nothing would ever be answered: whoever waits must hear of it.
            self._end(error, error)
            raise
        finally:
            telling.cancel()

    def _end(self, for_senders: Exception, for_reader: Exception | None) -> None:
        self._outbox.close(for_senders)
        self._feed.close(for_reader)
        self._life.begun.set()

    def _check_open(self) -> None:
        if self._closed:
            raise ClientClosed("the client is closed")


def _new_id() -> ClientId:
    return ClientId(secrets.token_urlsafe(12))


def _folder(path: Path) -> Path:
    return lasting_folder(path)
