"""The Python client of a Chinwag server."""
