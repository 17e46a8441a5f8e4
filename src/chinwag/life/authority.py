"""A certificate for this machine's own names, made by an authority that lives in the data folder.

A phone that trusts the authority trusts this server by whichever of its names and addresses it is reached. The
authority is bound to them (name constraints, RFC 5280, 4.2.1.10): with its key nobody can pass for any other machine.
"""

import datetime
import ipaddress
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chinwag.lasting import lasting_folder, whole_file
from chinwag.roles.port.certificate import Local
from chinwag.told import Told

FOLDER: Final = "lan"
"""Below the data folder. No backup holds it: a server that is restored elsewhere has other names."""
CERTIFICATE_DAYS: Final = 90
RENEW_DAYS: Final = 30
"""A start makes a new certificate when the one there is lasts no longer than this."""
AUTHORITY_DAYS: Final = 730
"""How long a phone's trust lasts, at most."""
_SLACK: Final = datetime.timedelta(days=1)
"""Certificates are good since a day before they are made: the phone's clock may be behind."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class DamagedAuthority(Told):
    """The files of the authority are not what was written."""


def local_certificate(data: Path, names: Sequence[str], now: datetime.datetime) -> Local:
    """The certificate for `names` (host names, and addresses as text), made or renewed if it must be.

    The authority stays as long as it covers the names and outlives the certificate: a new one must be trusted anew.
    Raises `DamagedAuthority`, `OSError`.
    """
    folder = lasting_folder(data.expanduser() / FOLDER)
    authority, key = _authority(folder, names, now)
    chain, private = folder / "certificate.pem", folder / "key.pem"
    if not _serves(chain, private, authority, names, now):
        _issue(chain, private, authority, key, names, now)
    return Local(tuple(names), chain, private, authority.public_bytes(serialization.Encoding.DER))


def _authority(
    folder: Path, names: Sequence[str], now: datetime.datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    path = folder / "authority.pem"
    if path.exists():
        found, key = _read(path)
        lasts = found.not_valid_after_utc - now > datetime.timedelta(days=CERTIFICATE_DAYS)
        if lasts and _permitted(found) >= set(names):
            return found, key
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Chinwag on {names[0]}"[:64])])
    made = (
        _builder(subject, subject, key.public_key(), now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.NameConstraints(_constraints(names), None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    # One file, so that the two never part.
    with whole_file(path, replace=True) as file:
        file.write(_pem(key) + made.public_bytes(serialization.Encoding.PEM))
    return made, key


def _issue(
    chain: Path,
    private: Path,
    authority: x509.Certificate,
    signer: ec.EllipticCurvePrivateKey,
    names: Sequence[str],
    now: datetime.datetime,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    made = (
        _builder(subject, authority.subject, key.public_key(), now, CERTIFICATE_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_general(names)), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    # A crash between the two leaves a pair that does not fit, which the next start makes anew.
    with whole_file(private, replace=True) as file:
        file.write(_pem(key))
    with whole_file(chain, replace=True) as file:
        for one in (made, authority):
            file.write(one.public_bytes(serialization.Encoding.PEM))


def _serves(
    chain: Path, private: Path, authority: x509.Certificate, names: Sequence[str], now: datetime.datetime
) -> bool:
    """Whether the certificate there is will do: of this authority, with its key, for these names, and for a while."""
    try:
        made = x509.load_pem_x509_certificate(chain.read_bytes())
        key = serialization.load_pem_private_key(private.read_bytes(), None)
        made.verify_directly_issued_by(authority)
        held = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, x509.ExtensionNotFound, InvalidSignature):
        return False
    lasts = made.not_valid_after_utc - now > datetime.timedelta(days=RENEW_DAYS)
    return lasts and key.public_key() == made.public_key() and list(held) == _general(names)


def _read(path: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    pem = path.read_bytes()
    try:
        found = x509.load_pem_x509_certificate(pem)
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != found.public_key():
        raise DamagedAuthority(
            f"{path} does not hold an authority and its key: take it away, and a new one is made, "
            "which people must trust anew."
        )
    return found, key


def _permitted(authority: x509.Certificate) -> set[str]:
    """The names that an authority may certify."""
    try:
        held = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return set()
    return {str(one.value).removesuffix("/32").removesuffix("/128") for one in held.permitted_subtrees or ()}


def _constraints(names: Iterable[str]) -> list[x509.GeneralName]:
    return [
        x509.IPAddress(ipaddress.ip_network(address)) if (address := _address(name)) else x509.DNSName(name)
        for name in names
    ]


def _general(names: Iterable[str]) -> list[x509.GeneralName]:
    return [x509.IPAddress(address) if (address := _address(name)) else x509.DNSName(name) for name in names]


def _address(name: str) -> Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime.datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLACK)
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
