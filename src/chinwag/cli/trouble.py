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
    # Only once something went wrong is the client needed: it takes longer to load than most commands.
    from chinwag.cli.chat.meant import UsageProblem
    from chinwag.cli.chat.talk import in_words
    from chinwag.client import ApiError, BadAddress, StoreDamaged, StoreInUse

    match failure:
        case ConfigError():
            return "the configuration cannot be used:\n  " + "\n  ".join(failure.problems)
        case Told():
            return str(failure)
        case ApiError():
            return in_words(failure)
        case StoreInUse():
            return f"this log-in is open in another terminal: use another one, with --profile NAME ({failure})"
        case StoreDamaged():
            return f"{failure}. Move the file away and log in again: what was not sent from here is in it."
        case UsageProblem() | BadAddress():
            return str(failure)
        case EOFError():
            return "the input ended before you were logged in"
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
