"""What is kept in plain files."""

from chinwag.adapters.files.key_store import FileKeyStore
from chinwag.adapters.files.media_store import FileMediaStore

__all__ = ["FileKeyStore", "FileMediaStore"]
