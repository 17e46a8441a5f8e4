"""The headers of tus 1.0.0, a protocol for uploads that go on where they broke off (https://tus.io/protocols)."""

import binascii
from base64 import b64decode
from email.utils import formatdate
from typing import Any, Final, TypeVar

from litestar import Request, Response

from chinwag.domain.refusal import Code, Refused
from chinwag.flow.media.uploads import Checksum
from chinwag.ports.directory import Upload, UploadState

Told = TypeVar("Told")
VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,termination,expiration,checksum"
ALGORITHMS: Final = {"sha1": 20, "sha256": 32}
"""Of checksums, each with the bytes of its digest."""
BODY_TYPE: Final = "application/offset+octet-stream"
CHECKSUM_MISMATCH: Final = 460
METADATA_CHARACTERS: Final = 4_096
TUS_ASKED: Final = (
    "tus-resumable",
    "upload-length",
    "upload-offset",
    "upload-metadata",
    "upload-checksum",
    "upload-defer-length",
)
"""Headers of requests."""
TUS_TOLD: Final = (
    "location",
    "tus-resumable",
    "tus-version",
    "tus-max-size",
    "tus-extension",
    "tus-checksum-algorithm",
    "upload-length",
    "upload-offset",
    "upload-metadata",
    "upload-expires",
)
"""Headers of answers."""


def speaks_tus(request: Request[Any, Any, Any]) -> bool:
    """Whether a request is of this protocol."""
    return "tus-resumable" in request.headers


def other_version(request: Request[Any, Any, Any]) -> Response[None] | None:
    """The answer to a request of another version; None for one of ours."""
    if request.headers.get("tus-resumable") == VERSION:
        return None
    return Response(None, status_code=412, headers={"tus-resumable": VERSION, "tus-version": VERSION})


def number(request: Request[Any, Any, Any], name: str) -> int:
    """A header that is a number of bytes. Raises `bad_request`."""
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise Refused(Code.BAD_REQUEST, f"{name} must be a number of bytes")
    return int(text)


def metadata(text: str) -> dict[str, str]:
    """What `Upload-Metadata` says: keys, each with its decoded value. Raises `bad_request`."""
    found: dict[str, str] = {}
    if len(text) > METADATA_CHARACTERS:
        raise Refused(Code.BAD_REQUEST, f"Upload-Metadata has at most {METADATA_CHARACTERS} characters")
    for pair in filter(None, (part.strip() for part in text.split(","))):
        key, _, value = pair.partition(" ")
        try:
            found[key] = b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise Refused(Code.BAD_REQUEST, "Upload-Metadata must be base64 of UTF-8") from None
    return found


def checksum(request: Request[Any, Any, Any]) -> Checksum | None:
    """What `Upload-Checksum` says; None if there is none. Raises `bad_request`."""
    text = request.headers.get("upload-checksum")
    if text is None:
        return None
    algorithm, _, value = text.partition(" ")
    try:
        digest = b64decode(value, validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != ALGORITHMS.get(algorithm):
        raise Refused(Code.BAD_REQUEST, f"Upload-Checksum must be one of {', '.join(ALGORITHMS)}, and its base64")
    return Checksum(algorithm, digest)


def as_told(request: Request[Any, Any, Any], answer: Response[Told]) -> Response[Told]:
    """An answer to a request of this protocol says so, whatever else it says."""
    if speaks_tus(request):
        answer.headers["tus-resumable"] = VERSION
    return answer


def state_headers(upload: Upload) -> dict[str, str]:
    """How far an upload is."""
    headers = {
        "tus-resumable": VERSION,
        "upload-offset": str(upload.received),
        # Once it is looked at, what is kept may have another size than what came.
        "upload-length": str(upload.received if upload.state is UploadState.READY else upload.size),
        "cache-control": "no-store",
    }
    if upload.metadata:
        headers["upload-metadata"] = upload.metadata
    if upload.state is UploadState.RECEIVING:
        headers["upload-expires"] = formatdate(upload.expires_at // 1000, usegmt=True)
    return headers
