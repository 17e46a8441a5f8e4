"""The directory on a relational database."""
