"""TLS on the way to ZooKeeper: a server's certificate must be good, and name the server as the settings do."""

import contextlib
import socket
import ssl
from collections.abc import Sequence
from typing import Any, Final

from kazoo.handlers.threading import SequentialThreadingHandler

_OPTIONS: Final = ((socket.IPPROTO_TCP, socket.TCP_NODELAY), (socket.SOL_SOCKET, socket.SO_KEEPALIVE))


class EncryptedHandler(SequentialThreadingHandler):  # type: ignore[misc]  # it has no types
    """Makes the library's connections. Its own way to encrypt would trust the system's authorities as well, and keep
    no word of why a certificate is refused.

    ca: a PEM file of the only authorities that may vouch for a server.
    """

    def __init__(self, ca: str) -> None:
        super().__init__()
        self._context = ssl.create_default_context(cafile=ca)
        self.problem: ssl.SSLError | None = None
        """Why the last server that was reached was not spoken to; None once one was."""

    def create_connection(self, *, address: tuple[str, int], hostname: str, timeout: float, **_: object) -> Any:
        """A socket to the server there, once its certificate has been found good. Raises `OSError`."""
        plain = socket.create_connection(address, timeout)
        try:
            for level, option in _OPTIONS:
                plain.setsockopt(level, option, 1)
            encrypted = self._context.wrap_socket(plain, server_hostname=hostname)
        except ssl.SSLError as error:
            self.problem = error
            plain.close()
            raise
        except BaseException:
            plain.close()
            raise
        self.problem = None
        return encrypted

    def select(self, readable: Sequence[Any], writable: Sequence[Any], *rest: Any) -> Any:
        """Which of them are ready. What TLS has read already is ready, though nothing more comes for it."""
        held = [one for one in readable if isinstance(one, ssl.SSLSocket) and one.pending()]
        return (held, [], []) if held else super().select(readable, writable, *rest)


def in_words(error: ssl.SSLError) -> str:
    """Why a server was not spoken to, for people."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not good: {error.verify_message}"
    return f"it does not speak TLS as it should: {error.reason or error}"


def encrypted_socket(ca: str, address: tuple[str, int], timeout: float) -> socket.socket:
    """A connection of one's own to the server there. Raises `OSError`."""
    plain = socket.create_connection(address, timeout)
    with contextlib.ExitStack() as failed:
        failed.callback(plain.close)
        encrypted = ssl.create_default_context(cafile=ca).wrap_socket(plain, server_hostname=address[0])
        failed.pop_all()
    return encrypted
