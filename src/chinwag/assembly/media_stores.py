"""Where media and uploads are kept, by the settings."""

from pathlib import Path
from typing import Final, NamedTuple

from chinwag.adapters.files import FileMediaStore
from chinwag.adapters.files.upload_store import FileUploadStore
from chinwag.config import Config
from chinwag.life.folder import MEDIA
from chinwag.ports.media_store import MediaStore
from chinwag.ports.upload_store import UploadStore
from chinwag.private_text import private_text

UPLOADS: Final = "uploads"
"""Below the folder of media: uploads that are not whole, which no backup takes."""


class MediaStores(NamedTuple):
    """Both of one installation."""

    media: MediaStore
    uploads: UploadStore


def media_stores_of(config: Config, data: Path | None = None) -> MediaStores:
    """Open them. data: the data folder, if it is not the settings'. Raises OSError and `Told`."""
    section = config.media
    if section.s3_endpoint:
        # the library takes a while to load, and most servers keep files
        from chinwag.adapters.s3 import Bucket, S3MediaStore
        from chinwag.adapters.s3.upload_store import S3UploadStore

        bucket = Bucket(
            endpoint=section.s3_endpoint,
            name=section.s3_bucket,
            region=section.s3_region,
            access_key=section.s3_access_key,
            secret_key=private_text(section.s3_secret_key_file) if section.s3_secret_key_file is not None else "",
            tls_ca=section.s3_tls_ca.read_text(encoding="utf-8") if section.s3_tls_ca is not None else "",
        )
        return MediaStores(S3MediaStore(bucket), S3UploadStore(bucket))
    folder = config.media.path or (data or config.data.path) / MEDIA
    folder = folder.expanduser()
    return MediaStores(FileMediaStore(folder), FileUploadStore(folder / UPLOADS, section.free_percent / 100))
