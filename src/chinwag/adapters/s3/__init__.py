"""What is kept in an object store that speaks S3."""

from chinwag.adapters.s3.bucket import Bucket
from chinwag.adapters.s3.media_store import S3MediaStore

__all__ = ["Bucket", "S3MediaStore"]
