"""The certificate of TLS and its key, read with words for whatever is wrong with them."""

import errno
import hashlib
import ssl
from pathlib import Path
from typing import Final

import msgspec

from chinwag.told import Told

_MISMATCHES: Final = frozenset({"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"})
"""OpenSSL's words for a key that is another certificate's: of the same kind, or of another."""


class BadCertificate(Told):
    """TLS cannot be spoken with these files; the message says why and what would work."""


class Certificate(msgspec.Struct, frozen=True):
    """The PEM files of TLS."""

    chain: Path
    key: Path


class Local(msgspec.Struct, frozen=True):
    """What a server on the local network speaks TLS with, and what its people shall trust.

    names: those of the certificate, the first is the best to give to others. authority: its certificate, DER.
    """

    names: tuple[str, ...]
    chain: Path
    key: Path
    authority: bytes

    @property
    def fingerprint(self) -> str:
        """The authority's SHA-256, as phones show it."""
        digest = hashlib.sha256(self.authority).hexdigest().upper()
        return " ".join(digest[at : at + 2] for at in range(0, len(digest), 2))


def tls_context(certificate: Certificate) -> ssl.SSLContext:
    """What TLS is spoken with. Raises `BadCertificate`."""
    chain, key = certificate.chain, certificate.key
    if "CERTIFICATE-----" not in _read(chain, "certificate"):
        raise BadCertificate(f"{chain} holds no certificate: a PEM file has a line -----BEGIN CERTIFICATE-----.")
    text = _read(key, "key")
    if "PRIVATE KEY-----" not in text:
        raise BadCertificate(f"{key} holds no private key: a PEM file has a line -----BEGIN PRIVATE KEY-----.")
    if "ENCRYPTED" in text:
        raise BadCertificate(
            f"the private key in {key} is encrypted, and nobody is there to type its passphrase: "
            f"write it without one (openssl pkey -in {key} -out NEW) and keep the file to the server's user."
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(chain, key)
    except ssl.SSLError as failure:
        if failure.reason in _MISMATCHES:
            raise BadCertificate(
                f"the key in {key} is not that of the first certificate in {chain}: the server's own comes first there."
            ) from None
        raise BadCertificate(f"{chain} and {key} cannot be read as a certificate and its key: {failure}") from None
    return context


def _read(path: Path, what: str) -> str:
    try:
        return path.read_text("ascii", errors="replace")
    except OSError as failure:
        if failure.errno == errno.EACCES:
            raise BadCertificate(f"the {what} {path} may not be read by this user.") from None
        raise BadCertificate(f"the {what} {path} cannot be read: {failure.strerror}.") from None
