"""The directory on a relational database."""

from chinwag.adapters.relational.revisions import NewerDatabaseError
from chinwag.adapters.relational.sqlite import open_directory

__all__ = ["NewerDatabaseError", "open_directory"]
