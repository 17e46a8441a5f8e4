"""The directory on a relational database."""

from chinwag.adapters.relational.directory import open_directory
from chinwag.adapters.relational.revisions import NewerDatabaseError

__all__ = ["NewerDatabaseError", "open_directory"]
