"""Pictures of accounts and groups: set them, take them away, show them."""

from typing import Annotated, Any, Final

from litestar import Request, Response, Router, delete, get, put
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody, QueryParameter

from chinwag.domain.ids import AccountId, ConversationId, UploadId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.avatars.group import picture_in, set_picture, take_picture_away
from chinwag.flow.avatars.make import Avatars
from chinwag.flow.avatars.own import picture_of, set_own, take_own_away
from chinwag.ports.directory import Avatar
from chinwag.ports.media_store import NoBlobError
from chinwag.roles.api import answers
from chinwag.roles.api.admit import Caller
from chinwag.wire.conversations import Placed
from chinwag.wire.http import Me, SetAvatarRequest

BYTES_MOST: Final = 4 << 20
"""A picture of 512 pixels has far less."""
TYPE: Final = "image/webp"

Pictures = NamedDependency[Avatars]
"""The dependency `avatars`."""
Version = Annotated[str, QueryParameter(max_length=64, description="`avatar` of whose picture it is.")]


@put("/me/avatar", operation_id="setMyAvatar", summary="Set my picture", tags=["me"])
async def put_own(data: JSONBody[SetAvatarRequest], avatars: Pictures, principal: Caller) -> Me:
    """Of an upload of mine that is ready and a picture: its middle, as a square of at most 512 pixels. My devices and
    friends are told."""
    return answers.me(await set_own(avatars, principal.account, UploadId(data.upload)))


@delete("/me/avatar", operation_id="deleteMyAvatar", summary="Take my picture away", tags=["me"], status_code=200)
async def delete_own(avatars: Pictures, principal: Caller) -> Me:
    """Where there is none, nothing changes."""
    return answers.me(await take_own_away(avatars, principal.account))


@get("/users/{account_id:str}/avatar", operation_id="getAvatar", summary="The picture of a user", tags=["users"])
async def get_of_user(
    request: Request[Any, Any, Any], account_id: FromPath[str], avatars: Pictures, v: Version = ""
) -> Response[bytes]:
    """A square WebP of at most 512 pixels. With `v`, its version, it may be kept for a day."""
    return await _shown(request, avatars, await picture_of(avatars, AccountId(account_id)), v)


@put(
    "/conversations/{conversation:str}/avatar",
    operation_id="setGroupAvatar",
    summary="Set the picture of a group",
    tags=["conversations"],
)
async def put_of_group(
    conversation: FromPath[str], data: JSONBody[SetAvatarRequest], avatars: Pictures, principal: Caller
) -> Placed:
    """Of an upload of mine that is ready and a picture. For owner and admins of the group; a notice tells members."""
    name = ConversationId(conversation[:200])
    answer = await set_picture(avatars, principal.account, principal.device, name, UploadId(data.upload))
    return Placed(name, answer.number, answer.sent_at)


@delete(
    "/conversations/{conversation:str}/avatar",
    operation_id="deleteGroupAvatar",
    summary="Take the picture of a group away",
    tags=["conversations"],
    status_code=200,
)
async def delete_of_group(conversation: FromPath[str], avatars: Pictures, principal: Caller) -> Placed:
    """For owner and admins of the group; a notice tells its members."""
    name = ConversationId(conversation[:200])
    answer = await take_picture_away(avatars, principal.account, principal.device, name)
    return Placed(name, answer.number, answer.sent_at)


@get(
    "/conversations/{conversation:str}/avatar",
    operation_id="getGroupAvatar",
    summary="The picture of a group",
    tags=["conversations"],
)
async def get_of_group(
    request: Request[Any, Any, Any], conversation: FromPath[str], avatars: Pictures, principal: Caller, v: Version = ""
) -> Response[bytes]:
    """For its members, as `getAvatar`."""
    picture = await picture_in(avatars, principal.account, ConversationId(conversation[:200]))
    return await _shown(request, avatars, picture, v)


def avatar_routes(avatars: Avatars) -> Router:
    """Everything about pictures of accounts and groups."""
    return Router(
        path="/v1",
        route_handlers=[put_own, delete_own, get_of_user, put_of_group, delete_of_group, get_of_group],
        dependencies={"avatars": Provide(lambda: avatars, sync_to_thread=False)},
    )


async def _shown(request: Request[Any, Any, Any], avatars: Avatars, picture: Avatar, version: str) -> Response[bytes]:
    tag = f'"{picture.id}"'
    headers = {
        "etag": tag,
        # A version never changes, and says nothing once whose picture it is has another.
        "cache-control": "private, max-age=86400" if version == picture.id else "private, no-cache",
        "content-disposition": "inline",
        "content-security-policy": "sandbox; default-src 'none'",
        "cross-origin-resource-policy": "same-site",
    }
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers, media_type=TYPE)
    content = bytearray()
    try:
        async for piece in avatars.media.read(picture.hash, 0, BYTES_MOST):
            content += piece
    except NoBlobError:
        raise Refused(Code.NOT_FOUND, "its picture is not there") from None
    return Response(bytes(content), headers=headers, media_type=TYPE)
