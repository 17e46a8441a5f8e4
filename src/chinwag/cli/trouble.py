"""What went wrong, in words that say what to do next."""

import errno

from chinwag.adapters.embedded import DataDirectoryInUseError, NewerDataError
from chinwag.adapters.relational import NewerDatabaseError
from chinwag.config import ConfigError
from chinwag.life.folder import UnfinishedRestoreError
from chinwag.life.manifest import BackupError
from chinwag.life.running import ControlError, NotRunningError
from chinwag.ports.key_store import KeysDamaged, KeysExposed
from chinwag.wire.errors import CATALOGUE, Refused


class UsageError(Exception):
    """The command cannot do what was asked; the message says why and what would work."""


def explain(failure: Exception) -> str | None:
    """A sentence or two for `failure`, None for a fault of ours: that one is shown whole."""
    match failure:
        case ConfigError():
            return "the configuration cannot be used:\n  " + "\n  ".join(failure.problems)
        case UsageError() | DataDirectoryInUseError() | NewerDataError() | NewerDatabaseError():
            return str(failure)
        case BackupError() | UnfinishedRestoreError() | ControlError() | NotRunningError():
            return str(failure)
        case KeysExposed() | KeysDamaged():
            return str(failure)
        case Refused():
            meaning = CATALOGUE[failure.code].meaning
            return f"{meaning} ({failure.detail})" if failure.detail else meaning
        case OSError() if failure.errno == errno.EADDRINUSE:
            return (
                f"{failure.strerror or 'the address is in use'}: is a server running already? "
                "Choose other ports with --server-port and --observe-port."
            )
        case OSError() if failure.errno == errno.EACCES:
            return f"not permitted: {failure.filename or failure.strerror}. Choose another folder with --data-path."
        case OSError():
            return str(failure)
    return None
