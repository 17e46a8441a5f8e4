"""Uploads: in one request, or by tus 1.0.0, which goes on where it broke off."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

from litestar import HttpMethod, Request, Response, Router, delete, get, head, patch, post, put, route
from litestar.di import NamedDependency, Provide
from litestar.exceptions import InternalServerException
from litestar.params import FromPath, QueryParameter

from chinwag.domain.ids import AccountId, UploadId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.media.uploads import BrokenOffError, ChecksumError, Uploads, WrongOffsetError
from chinwag.ports.directory import Upload, UploadState
from chinwag.roles.api import tus
from chinwag.roles.api.admit import PUBLIC, Caller
from chinwag.roles.api.problems import answer, refused
from chinwag.wire.errors import Problem
from chinwag.wire.media import FoundMedia, UploadView

WAIT_MOST: Final = 30.0
"""Seconds for which somebody may wait for an upload to be ready."""
PICTURE: Final = "picture"

UploadServices = NamedDependency[Uploads]
"""The dependency `uploads`."""
AnyRequest = Request[Any, Any, Any]


def upload_routes(uploads: Uploads) -> Router:
    """Everything about uploads. Bodies of files are read as they come, whatever their size."""
    return Router(
        path="/v1",
        route_handlers=[
            options_media,
            post_media,
            get_upload,
            head_upload,
            patch_upload,
            delete_upload,
            put_poster,
        ],
        dependencies={"uploads": Provide(lambda: uploads, sync_to_thread=False)},
        exception_handlers={Refused: _refused, BrokenOffError: _gone},
        request_max_body_size=None,
    )


def _refused(request: AnyRequest, refusal: Refused) -> Response[Problem]:
    return tus.as_told(request, refused(request, refusal))


def _gone(request: AnyRequest, _: BrokenOffError) -> Response[Problem]:
    """The client has gone, so nobody gets this answer. It is not logged: else anybody could fill the log."""
    return tus.as_told(request, answer(Refused(Code.IDLE, "the body of the request")))


@route(
    "/media",
    http_method=[HttpMethod.OPTIONS],
    operation_id="uploadOptions",
    summary="What uploads by tus may ask for",
    tags=["media"],
    status_code=204,
    opt=PUBLIC,
)
async def options_media(uploads: UploadServices) -> Response[None]:
    """tus 1.0.0: versions, extensions, algorithms of checksums, and the bytes of the largest file."""
    headers = {
        "tus-resumable": tus.VERSION,
        "tus-version": tus.VERSION,
        "tus-max-size": str(uploads.rules.file_bytes),
        "tus-extension": tus.EXTENSIONS,
        "tus-checksum-algorithm": ",".join(tus.ALGORITHMS),
    }
    return Response(None, status_code=204, headers=headers)


@post("/media", operation_id="upload", summary="Upload a file", tags=["media"])
async def post_media(
    request: AnyRequest,
    uploads: UploadServices,
    principal: Caller,
    name: Annotated[str, QueryParameter(max_length=1_024, description="The file's name.")] = "",
    kind: Annotated[
        Literal["picture", "file"],
        QueryParameter(name="as", description="`picture`: made anew, without metadata; `file`: byte for byte."),
    ] = "file",
) -> Response[UploadView] | Response[None]:
    """The bytes as the body, of a known length. With the header `Tus-Resumable` the body is empty: that begins an
    upload by tus, at the address in `Location`."""
    if tus.speaks_tus(request):
        return await _begin(request, uploads, principal.account)
    size = tus.number(request, "content-length")
    upload = await uploads.begin(principal.account, name, size, picture=kind == PICTURE)
    try:
        if size:
            upload = await uploads.receive(principal.account, upload.id, 0, _pieces(request))
    except BaseException:
        await uploads.remove(principal.account, upload.id)
        raise
    return Response(view(upload), status_code=201)


async def _begin(request: AnyRequest, uploads: Uploads, account: AccountId) -> Response[None]:
    if (other := tus.other_version(request)) is not None:
        return other
    said = request.headers.get("upload-metadata", "")
    metadata = tus.metadata(said)
    upload = await uploads.begin(
        account,
        metadata.get("filename", metadata.get("name", "")),
        tus.number(request, "upload-length"),
        picture=metadata.get("as") == PICTURE,
        metadata=said,
    )
    headers = tus.state_headers(upload) | {"location": f"/v1/media/{upload.id}"}
    return Response(None, status_code=201, headers=headers)


@get("/media/{upload:str}", operation_id="getUpload", summary="How far an upload is", tags=["media"])
async def get_upload(
    upload: FromPath[str],
    uploads: UploadServices,
    principal: Caller,
    wait: Annotated[
        float, QueryParameter(ge=0, le=WAIT_MOST, description="Seconds to wait until it has been looked at.")
    ] = 0.0,
) -> UploadView:
    """An upload of one's own, and what was found in it."""
    return view(await uploads.wait(principal.account, UploadId(upload), wait))


@head("/media/{upload:str}", operation_id="uploadOffset", summary="Where an upload goes on", tags=["media"])
async def head_upload(
    upload: FromPath[str], request: AnyRequest, uploads: UploadServices, principal: Caller
) -> Response[None]:
    """tus: `Upload-Offset` says how many bytes are durable."""
    if (other := tus.other_version(request)) is not None:
        return other
    found = await uploads.get(principal.account, UploadId(upload))
    return Response(None, headers=tus.state_headers(found))


@patch("/media/{upload:str}", operation_id="uploadBytes", summary="Go on with an upload", tags=["media"])
async def patch_upload(
    upload: FromPath[str], request: AnyRequest, uploads: UploadServices, principal: Caller
) -> Response[None]:
    """tus: bytes from `Upload-Offset` on, which are durable when the answer comes."""
    if (other := tus.other_version(request)) is not None:
        return other
    if request.headers.get("content-type", "") != tus.BODY_TYPE:
        return Response(None, status_code=415, headers={"tus-resumable": tus.VERSION})
    offset = tus.number(request, "upload-offset")
    try:
        found = await uploads.receive(
            principal.account, UploadId(upload), offset, _pieces(request), tus.checksum(request)
        )
    except WrongOffsetError as wrong:
        return Response(None, status_code=409, headers=tus.state_headers(wrong.upload))
    except ChecksumError:
        return Response(None, status_code=tus.CHECKSUM_MISMATCH, headers={"tus-resumable": tus.VERSION})
    return Response(None, status_code=204, headers=tus.state_headers(found))


@delete(
    "/media/{upload:str}",
    operation_id="dropUpload",
    summary="Throw an upload away",
    tags=["media"],
    status_code=200,
)
async def delete_upload(
    upload: FromPath[str], uploads: UploadServices, principal: Caller
) -> Response[UploadView] | Response[None]:
    """One that is not ready: 204. What is ready goes by itself, two days later if no message shows it, else with the
    messages: 200, and the upload as it is."""
    headers = {"tus-resumable": tus.VERSION}
    if (kept := await uploads.remove(principal.account, UploadId(upload))) is not None:
        return Response(view(kept), status_code=200, headers=headers)
    return Response(None, status_code=204, headers=headers)


@put(
    "/media/{upload:str}/poster",
    operation_id="uploadPoster",
    summary="A picture of a video",
    tags=["media"],
    status_code=204,
)
async def put_poster(upload: FromPath[str], request: AnyRequest, uploads: UploadServices, principal: Caller) -> None:
    """An image of at most 1 MB, before the video's last byte. It is used if the server can make none itself."""
    await uploads.set_poster(principal.account, UploadId(upload), _pieces(request))


def view(upload: Upload) -> UploadView:
    """An upload for whoever makes it."""
    found = upload.found
    media = None
    if upload.state is UploadState.READY and found is not None:
        media = FoundMedia(
            upload.id,
            upload.name,
            found.media_type,
            found.size,
            found.width,
            found.height,
            found.duration,
            found.blur,
        )
    return UploadView(
        id=upload.id,
        name=upload.name,
        as_="picture" if upload.picture else "file",
        size=upload.size,
        received=upload.received,
        state=upload.state.value,
        expires_at=upload.expires_at,
        media=media,
        bare=media is not None and found is not None and found.bare,
    )


async def _pieces(request: AnyRequest) -> AsyncIterator[bytes]:
    """The body as it comes. Raises `BrokenOffError` if it ends before it is whole."""
    try:
        async for piece in request.stream():
            yield piece
    except InternalServerException as error:  # the framework's word for a client that went away
        raise BrokenOffError from error
