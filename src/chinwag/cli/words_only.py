"""An operator's command speaks in words: what the code beneath it logs is a server's, and is not shown."""

import logging
from typing import Final

_NOTHING: Final = logging.CRITICAL + 10


def words_only() -> None:
    """Let nothing be logged in this process. For commands that work on stores, before they open any: what went wrong
    there they say by themselves, once."""
    import structlog  # slow to load, and loaded by the stores anyhow

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(_NOTHING))
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.NullHandler())  # else what libraries warn of is printed as a last resort
