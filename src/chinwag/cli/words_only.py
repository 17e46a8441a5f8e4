"""An operator's command speaks in words: what the code beneath it logs is a server's, and is not shown."""

import logging


def words_only() -> None:
    """Let nothing be logged in this process. For commands that work on stores, before they open any: what went wrong
    there they say by themselves, once."""
    import structlog  # slow to load, and loaded by the stores anyhow

    def nothing(*_: object) -> str:
        raise structlog.DropEvent

    structlog.configure(processors=[nothing])
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.NullHandler())  # else what libraries warn of is printed as a last resort
