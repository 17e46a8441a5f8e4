"""The media of messages, for whoever may read the message: looked at anew for every request."""

import asyncio
import hmac
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, Router, get, head
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, QueryParameter

from chinwag.domain.body import Media
from chinwag.domain.ids import AccountId, ConversationId, check_conversation_id
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.admission import Admission, Principal
from chinwag.flow.access.key_ring import KeyRing
from chinwag.flow.access.tokens import Claims
from chinwag.flow.media.links import MediaLinks
from chinwag.flow.media.shown import ShownMedia
from chinwag.ports.directory import MadeFile, MadeKind
from chinwag.ports.media_store import MediaStore, NoBlobError
from chinwag.roles.api.admit import PUBLIC, Caller
from chinwag.roles.api.conversations import MaybeNumber
from chinwag.roles.api.ranged import SHOWN, RangedAnswer, Served, disposition
from chinwag.roles.budgets import Budgets
from chinwag.wire.media import MediaLink, MediaPage

OPEN_OF_ACCOUNT: Final = 16
OPEN: Final = 1_000
"""Answers that one account, and all, may read at once; one more is refused."""
LOOK_AGAIN_SECONDS: Final = 5.0
"""How often it is looked anew, while an answer goes out, whether its reader may still read the message: whoever may not
is cut off, however slowly it reads."""
DIRECT_SECONDS: Final = 60
PAGE_MOST: Final = 100

_FORMS: Final = {"": MadeKind.ORIGINAL, "/320": MadeKind.SMALL, "/1280": MadeKind.LARGE, "/play": MadeKind.PLAY}
"""What of a message's media an address ends in."""

AnyRequest = Request[Any, Any, Any]
AsLink = Annotated[bool, QueryParameter(name="link", description="Answer with a link in place of the bytes.")]


class MediaServices(msgspec.Struct, kw_only=True):
    """public_url: the origin that links name, if media have one of their own. direct: links lead to the store."""

    shown: ShownMedia
    store: MediaStore
    links: MediaLinks
    keys: KeyRing
    admission: Admission
    budgets: Budgets
    public_url: str = ""
    direct: bool = False
    open: dict[AccountId, int] = msgspec.field(default_factory=dict)


Services = NamedDependency[MediaServices]
"""The dependency `media`."""


def media_routes(services: MediaServices) -> Router:
    """Downloads, links to them, and which messages have any."""
    return Router(
        path="/v1",
        route_handlers=[get_original, get_small, get_large, get_play, head_media, get_link, head_link, get_listed],
        dependencies={"media": Provide(lambda: services, sync_to_thread=False)},
    )


@get(
    "/conversations/{conversation:str}/messages/{number:int}/media",
    operation_id="getMedia",
    summary="A message's media",
    tags=["media"],
)
async def get_original(
    conversation: FromPath[str],
    number: FromPath[int],
    request: AnyRequest,
    media: Services,
    principal: Caller,
    as_link: AsLink = False,
) -> Response[Any]:
    """As they are kept: a picture without its metadata, a file byte for byte. Single ranges are answered (RFC 9110).
    With `link` a link, good for ten minutes and for no longer than one may read the message."""
    return await _answer(media, request, principal, conversation, number, MadeKind.ORIGINAL, as_link=as_link)


@get(
    "/conversations/{conversation:str}/messages/{number:int}/media/320",
    operation_id="getSmallPreview",
    summary="A small picture of them",
    tags=["media"],
)
async def get_small(
    conversation: FromPath[str],
    number: FromPath[int],
    request: AnyRequest,
    media: Services,
    principal: Caller,
    as_link: AsLink = False,
) -> Response[Any]:
    """At most 320 pixels, WebP; of a video its poster."""
    return await _answer(media, request, principal, conversation, number, MadeKind.SMALL, as_link=as_link)


@get(
    "/conversations/{conversation:str}/messages/{number:int}/media/1280",
    operation_id="getLargePreview",
    summary="A larger picture of them",
    tags=["media"],
)
async def get_large(
    conversation: FromPath[str],
    number: FromPath[int],
    request: AnyRequest,
    media: Services,
    principal: Caller,
    as_link: AsLink = False,
) -> Response[Any]:
    """At most 1,280 pixels, WebP; of a video its poster."""
    return await _answer(media, request, principal, conversation, number, MadeKind.LARGE, as_link=as_link)


@get(
    "/conversations/{conversation:str}/messages/{number:int}/media/play",
    operation_id="getPlayable",
    summary="A video to be played",
    tags=["media"],
)
async def get_play(
    conversation: FromPath[str],
    number: FromPath[int],
    request: AnyRequest,
    media: Services,
    principal: Caller,
    as_link: AsLink = False,
) -> Response[Any]:
    """A video's smaller copy, if there is one; else as it was sent."""
    return await _answer(media, request, principal, conversation, number, MadeKind.PLAY, as_link=as_link)


@head(
    [f"/conversations/{{conversation:str}}/messages/{{number:int}}/media{form}" for form in _FORMS],
    include_in_schema=False,
)
async def head_media(
    conversation: FromPath[str], number: FromPath[int], request: AnyRequest, media: Services, principal: Caller
) -> Response[None]:
    """What a `GET` of the same address would say of the bytes: players ask before they play."""
    kind = _FORMS[request.scope["path"].rpartition("/media")[2]]
    return await _answer(media, request, principal, conversation, number, kind)


@get(
    "/media-links/{link:str}",
    operation_id="openMediaLink",
    summary="Media by a link",
    tags=["media"],
    opt=PUBLIC,
)
async def get_link(link: FromPath[str], request: AnyRequest, media: Services) -> Response[Any]:
    """What a link opens. Whoever it was made for must still be logged in on that device, and may still read the
    message."""
    return await _linked(media, request, link)


@head("/media-links/{link:str}", include_in_schema=False, opt=PUBLIC)
async def head_link(link: FromPath[str], request: AnyRequest, media: Services) -> Response[None]:
    """As `head_media`."""
    return await _linked(media, request, link)


@get(
    "/conversations/{conversation:str}/media",
    operation_id="listMedia",
    summary="Messages with media",
    tags=["media"],
)
async def get_listed(
    conversation: FromPath[str],
    media: Services,
    principal: Caller,
    before: MaybeNumber = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MOST, description="Messages in the page at most.")] = 50,
) -> MediaPage:
    """The conversation's messages with media, newest first, as far as one may read them. One that was just placed comes
    into it a moment later."""
    name = ConversationId(conversation)
    check_conversation_id(name)
    events, following = await media.shown.listed(principal.account, name, before, limit)
    return MediaPage(events, following)


async def _linked(media: MediaServices, request: AnyRequest, link: str) -> Response[Any]:
    grant = media.links.read(link)
    principal = await media.admission.admit(grant.claims)
    media.budgets.requests.take(principal.account, principal.device)
    return await _answer(media, request, principal, grant.conversation, grant.number, grant.kind)


async def _answer(
    media: MediaServices,
    request: AnyRequest,
    principal: Principal,
    conversation: str,
    number: int,
    kind: MadeKind,
    *,
    as_link: bool = False,
) -> Response[Any]:
    name = ConversationId(conversation)
    check_conversation_id(name)
    shown, file = await media.shown.file(principal.account, name, number, kind)
    if as_link:
        return Response(await _link(media, principal, name, number, kind, shown, file))
    if await media.store.size(file.hash) != file.size:
        raise Refused(Code.UNAVAILABLE, "the file is not there", 5.0)

    async def read(start: int, end: int) -> AsyncIterator[bytes]:
        now = asyncio.get_running_loop().time
        looked = now()
        async with _open(media, principal.account):
            pieces = media.store.read(file.hash, start, end)
            try:
                async for piece in pieces:
                    if now() - looked >= LOOK_AGAIN_SECONDS:
                        await media.admission.admit(
                            Claims(principal.account, principal.device, 0, principal.expires_at)
                        )
                        await media.shown.media(principal.account, name, number)
                        looked = now()
                    yield piece
            except NoBlobError:
                raise Refused(Code.UNAVAILABLE, "the file is gone") from None
            finally:
                await pieces.aclose()  # type: ignore[attr-defined]

    if media.open.get(principal.account, 0) >= OPEN_OF_ACCOUNT:
        raise Refused(Code.RATE_LIMITED, f"read at most {OPEN_OF_ACCOUNT} files at once", 1.0)
    if sum(media.open.values()) >= OPEN:
        raise Refused(Code.OVERLOADED, retry_after=2.0)
    apart = bool(media.public_url)
    served = Served(_name(shown, kind, file), file.media_type, file.size, _tag(media, file.hash), read, apart)
    asked = {key: request.headers[key] for key in ("range", "if-range", "if-none-match") if key in request.headers}
    return RangedAnswer(served, asked)


async def _link(
    media: MediaServices,
    principal: Principal,
    conversation: ConversationId,
    number: int,
    kind: MadeKind,
    shown: Media,
    file: MadeFile,
) -> MediaLink:
    if kind is MadeKind.PLAY:  # a copy that is made while somebody plays is not for what they ask next
        kind = file.kind
    link, expires = media.links.issue(principal, conversation, number, kind)
    if media.direct:
        is_shown = file.media_type in SHOWN
        media_type = file.media_type if is_shown else "application/octet-stream"
        named = disposition(_name(shown, kind, file), shown=is_shown)
        if (url := await media.store.link(file.hash, DIRECT_SECONDS, media_type, named)) is not None:
            return MediaLink(url, media.links.now() + DIRECT_SECONDS * 1000)
    return MediaLink(f"{media.public_url.rstrip('/')}/v1/media-links/{link}", expires)


@asynccontextmanager
async def _open(media: MediaServices, account: AccountId) -> AsyncIterator[None]:
    """One more answer that is being read."""
    media.open[account] = media.open.get(account, 0) + 1
    try:
        yield
    finally:
        media.open[account] -= 1
        if not media.open[account]:
            del media.open[account]


def _name(shown: Media, kind: MadeKind, file: MadeFile) -> str:
    """The file's name; of a preview one that says what it is."""
    if kind in (MadeKind.SMALL, MadeKind.LARGE) and file.media_type == "image/webp":
        return f"{shown.name.rpartition('.')[0] or shown.name}-{kind.value}.webp"
    return shown.name


def _tag(media: MediaServices, hash_: str) -> str:
    """An entity tag that does not tell the hash: whoever has a file could else learn whether the server has it."""
    digest = hmac.digest(media.keys.refresh_secret, b"media-tag:" + hash_.encode(), "sha256")
    return f'"{urlsafe_b64encode(digest[:15]).decode()}"'
