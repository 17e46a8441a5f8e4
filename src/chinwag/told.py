"""Errors for people: what a command cannot do, in words that say what would work."""


class Told(Exception):  # noqa: N818 - a family, named by what holds for all of it
    """Its message is for whoever runs the server or the command: it is printed as it is, without a traceback."""
