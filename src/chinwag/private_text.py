"""Passwords and secrets in files, each of which only the server's user may read."""

from pathlib import Path

from chinwag.told import Told


class CredentialsError(Told):
    """A file with a password or a secret cannot be used; the message says which, and what to do."""


def private_text(path: Path) -> str:
    """What stands in a file that only its owner may read, without the end of the line. Raises `CredentialsError`."""
    try:
        if path.stat().st_mode & 0o077:
            raise CredentialsError(f"{path} is open to other users of this machine: chmod go= {path}")
        text = path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        raise CredentialsError(f"{path} is not text in UTF-8") from None
    except OSError as error:
        raise CredentialsError(f"{path} cannot be read: {error.strerror}") from error
    if not text:
        raise CredentialsError(f"{path} is empty")
    return text
