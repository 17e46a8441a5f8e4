"""What is kept in plain files."""

from chinwag.adapters.files.key_store import FileKeyStore

__all__ = ["FileKeyStore"]
