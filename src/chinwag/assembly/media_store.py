"""Where media is kept and where pictures are made, as settings say."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chinwag.adapters.files import FileMediaStore
from chinwag.adapters.files.upload_store import FileUploadStore
from chinwag.config import Config
from chinwag.ports.media_store import MediaStore
from chinwag.ports.upload_store import UploadStore
from chinwag.private_text import CredentialsError, private_text
from chinwag.told import Told

if TYPE_CHECKING:
    from chinwag.adapters.s3 import Bucket

UPLOADS: Final = "uploads"
"""Below the folder of media: uploads that are not whole, which no backup takes."""


class NoDriverError(Told):
    """The library that an object store is asked with is not installed."""


def opened_media_store(config: Config, folder: Path) -> MediaStore:
    """The bucket that `s3` names, else the folder, made if it is not there. Asks no store yet. Blocks. Raises `Told`,
    OSError."""
    if not config.s3.endpoint:
        return FileMediaStore(folder)
    _require_driver()
    from chinwag.adapters.s3 import S3MediaStore

    return S3MediaStore(_bucket(config))


def opened_upload_store(config: Config, folder: Path) -> UploadStore:
    """Where uploads lie that are not whole: beside the media. As `opened_media_store`."""
    if not config.s3.endpoint:
        return FileUploadStore(folder / UPLOADS, config.media.free_percent / 100)
    _require_driver()
    from chinwag.adapters.s3.upload_store import S3UploadStore

    return S3UploadStore(_bucket(config))


def _require_driver() -> None:
    if find_spec("obstore") is None:
        raise NoDriverError(
            "s3.endpoint is set, and the library for it is not installed: pip install 'chinwag[s3]', or in a checkout "
            ".venv/bin/pip install --require-hashes -r requirements-postgres.txt"
        )


def _bucket(config: Config) -> "Bucket":
    from chinwag.adapters.s3 import Bucket

    section = config.s3
    assert section.secret_key_file is not None  # seen to where settings are read
    try:
        authorities = section.tls_ca.read_text(encoding="utf-8") if section.tls_ca is not None else ""
    except (OSError, UnicodeDecodeError) as error:
        raise CredentialsError(f"s3.tls_ca: {section.tls_ca} cannot be read: {error}") from error
    return Bucket(
        endpoint=section.endpoint.rstrip("/"),
        name=section.bucket,
        region=section.region,
        access_key=section.access_key,
        secret_key=private_text(section.secret_key_file),
        tls_ca=authorities,
    )
