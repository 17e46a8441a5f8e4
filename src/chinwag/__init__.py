"""Chinwag: a chat system people can own."""

__version__ = "0.1.0"
