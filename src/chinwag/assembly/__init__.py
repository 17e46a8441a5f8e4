"""The one place where adapters meet roles.

What is named here is loaded when it is asked for: a process of a cluster that has one role loads nothing of the others,
nor of the stores in a folder.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from chinwag.assembly.data import (
        OPERATOR_WORKER,
        accounts_in,
        begin_folder,
        open_directory_in,
        open_search_index_in,
        private_folder,
    )
    from chinwag.assembly.server import Server, begin_server, open_server

__all__ = [
    "OPERATOR_WORKER",
    "Server",
    "accounts_in",
    "begin_folder",
    "begin_server",
    "open_directory_in",
    "open_search_index_in",
    "open_server",
    "private_folder",
]

_IN_SERVER: Final = ("Server", "begin_server", "open_server")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{'server' if name in _IN_SERVER else 'data'}"), name)
