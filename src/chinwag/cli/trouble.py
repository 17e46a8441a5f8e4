"""What went wrong, in words that say what to do next."""

import errno
import sqlite3

from chinwag.config import ConfigError
from chinwag.told import Told
from chinwag.wire.errors import CATALOGUE, Refused


class UsageError(Told):
    """The command cannot do what was asked; the message says why and what would work."""


def explain(failure: Exception) -> str | None:
    """A sentence or two for `failure`, None for a fault of ours: that one is shown whole."""
    match failure:
        case ConfigError():
            return "the configuration cannot be used:\n  " + "\n  ".join(failure.problems)
        case Told():
            return str(failure)
        case Refused():
            meaning = CATALOGUE[failure.code].meaning
            return f"{meaning} ({failure.detail})" if failure.detail else meaning
        case OSError() if failure.errno == errno.EADDRINUSE:
            return (
                f"{failure.strerror or 'the address is in use'}: is a server running already? "
                "Choose other ports with --server-port and --observe-port."
            )
        case sqlite3.Error():
            return f"a database cannot be read or written: {failure}"
        case UnicodeEncodeError():
            return f"not valid text: {failure.object!a}. Names and ids are written in UTF-8."
        case OSError() if failure.errno == errno.EACCES:
            return f"not permitted: {failure.filename or failure.strerror}. Choose another folder with --data-path."
        case OSError():
            return str(failure)
    return None
