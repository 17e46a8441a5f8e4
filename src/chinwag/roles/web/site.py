"""The built files of the web client, held in memory: about half a megabyte, read once.

The build writes each file and, beside it, the same compressed: `NAME.br` and `NAME.gz`.
"""

import hashlib
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

BUILT: Final = Path(__file__).parents[2] / "web_files"
"""Where the build puts the files, in a checkout and in an installed package alike."""
INDEX: Final = "/index.html"
SITE_BYTES: Final = 32 << 20
"""The most that is read: a folder with more in it is no built client."""
HASHED: Final = "/assets/"
"""Files below it have a hash of what they hold in their names, so one that is kept is never stale."""

_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".png": "image/png",
}


class File(msgspec.Struct, frozen=True):
    """One file. encodings: what it is in other forms, by the name that HTTP has for them, the smallest first."""

    media_type: str
    plain: bytes
    encodings: tuple[tuple[str, bytes], ...]
    etag: str
    kept: bool
    """Whether a browser may keep it without ever asking again."""


def read_site(folder: Path = BUILT) -> Mapping[str, File]:
    """The files of `folder` by their addresses (`/index.html`, `/assets/…`). Empty where nothing was built.

    Raises `OSError` for a folder that cannot be read, `ValueError` for one that holds more than a client does.
    """
    if not (folder / INDEX[1:]).is_file():
        return {}
    found: dict[str, File] = {}
    size = 0
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.suffix in {".br", ".gz"} or path.name.startswith("."):
            continue
        address = "/" + path.relative_to(folder).as_posix()
        file = _read(path, kept=address.startswith(HASHED))
        size += len(file.plain) + sum(len(body) for _, body in file.encodings)
        if size > SITE_BYTES:
            raise ValueError(f"the web client's folder holds more than {SITE_BYTES >> 20} MiB")
        found[address] = file
    return found


def _read(path: Path, *, kept: bool) -> File:
    plain = path.read_bytes()
    forms = [("br", path.with_name(path.name + ".br")), ("gzip", path.with_name(path.name + ".gz"))]
    encodings = tuple((name, form.read_bytes()) for name, form in forms if form.is_file())
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return File(media_type, plain, encodings, f'"{hashlib.sha256(plain).hexdigest()[:24]}"', kept)
