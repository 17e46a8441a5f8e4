"""The local authority: whom it vouches for, for how long, and what a start does with what it finds."""

import asyncio
import datetime
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from chinwag.cli.lan import keep_fresh
from chinwag.life import authority
from chinwag.life.authority import AUTHORITY_DAYS, CERTIFICATE_DAYS, RENEW_DAYS, DamagedAuthority, local_certificate
from chinwag.life.own_names import own_names
from chinwag.roles.port.certificate import Certificate, Local, tls_context

NAMES = ("192.168.7.5", "fd00::5", "attic.local", "attic", "localhost", "127.0.0.1", "::1")
NOW = datetime.datetime.now(datetime.UTC)


def shake(chain: Path, key: Path, trusted: bytes, name: str) -> str:
    """A TLS handshake in memory with a client that trusts one authority; what it says against it, or nothing."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(cadata=trusted)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        tls_context(Certificate(chain, key)).wrap_bio(to_server, to_client, server_side=True),
        client.wrap_bio(to_client, to_server, server_hostname=name),
    ]
    done = 0
    for turn in range(20):
        try:
            ends[1 - turn % 2].do_handshake()
            done += 1
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLCertVerificationError as failure:
            return failure.verify_message
        if done >= 2:
            return ""
    raise AssertionError("the handshake does not end")


def made(data: Path, names: tuple[str, ...] = NAMES, days: int = 0) -> Local:
    return local_certificate(data, names, NOW + datetime.timedelta(days=days))


@pytest.mark.parametrize("name", NAMES)
def test_a_client_that_trusts_the_authority_trusts_each_name(tmp_path: Path, name: str) -> None:
    local = made(tmp_path)
    assert shake(local.chain, local.key, local.authority, name) == ""


def test_a_client_trusts_no_other_name(tmp_path: Path) -> None:
    local = made(tmp_path)
    assert "mismatch" in shake(local.chain, local.key, local.authority, "example.org")


@pytest.mark.parametrize("name", ["example.org", "192.168.7.6", "fd00::6", "local", "xattic.local"])
def test_the_authority_can_vouch_for_nobody_else(tmp_path: Path, name: str) -> None:
    local = made(tmp_path)
    found, key = authority._read(tmp_path / "lan" / "authority.pem")
    authority._issue(local.chain, local.key, found, key, [name], NOW)
    assert shake(local.chain, local.key, local.authority, name) == "permitted subtree violation"


def test_every_file_is_the_owners_alone(tmp_path: Path) -> None:
    made(tmp_path)
    folder = tmp_path / "lan"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {one.name: one.stat().st_mode & 0o777 for one in folder.iterdir()} == dict.fromkeys(
        ("authority.pem", "certificate.pem", "key.pem"), 0o600
    )


def test_what_is_good_stays(tmp_path: Path) -> None:
    first = made(tmp_path)
    chain = first.chain.read_bytes()
    again = made(tmp_path, days=CERTIFICATE_DAYS - RENEW_DAYS - 1)
    assert (again, again.chain.read_bytes()) == (first, chain)


def test_a_certificate_is_renewed_by_the_same_authority(tmp_path: Path) -> None:
    first = made(tmp_path)
    chain = first.chain.read_bytes()
    again = made(tmp_path, days=CERTIFICATE_DAYS - RENEW_DAYS)
    assert again.chain.read_bytes() != chain
    assert again.authority == first.authority
    renewed = x509.load_pem_x509_certificate(again.chain.read_bytes())
    renewed.verify_directly_issued_by(x509.load_der_x509_certificate(first.authority))
    assert renewed.not_valid_after_utc - renewed.not_valid_before_utc == datetime.timedelta(days=CERTIFICATE_DAYS + 1)


def test_an_authority_outlives_what_it_signs(tmp_path: Path) -> None:
    first = made(tmp_path)
    assert made(tmp_path, days=AUTHORITY_DAYS - CERTIFICATE_DAYS - 1).authority == first.authority
    assert made(tmp_path, days=AUTHORITY_DAYS - CERTIFICATE_DAYS).authority != first.authority


def test_a_name_that_went_keeps_the_authority_and_one_that_came_does_not(tmp_path: Path) -> None:
    first = made(tmp_path)
    fewer = made(tmp_path, NAMES[1:])
    assert fewer.authority == first.authority
    assert "mismatch" in shake(fewer.chain, fewer.key, fewer.authority, NAMES[0])
    other = made(tmp_path, ("192.168.7.6", *NAMES[1:]))
    assert other.authority != first.authority
    assert shake(other.chain, other.key, other.authority, "192.168.7.6") == ""


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def swap_key(path: Path) -> None:
    other = path.parent.parent / "other"
    path.write_bytes(local_certificate(other, NAMES, NOW).key.read_bytes())


@pytest.mark.parametrize("name", ["certificate.pem", "key.pem"])
@pytest.mark.parametrize("damage", [Path.unlink, cut, swap_key])
def test_a_pair_that_does_not_fit_is_made_anew(tmp_path: Path, name: str, damage: Callable[[Path], None]) -> None:
    first = made(tmp_path)
    damage(tmp_path / "lan" / name)
    again = made(tmp_path)
    assert again.authority == first.authority
    assert shake(again.chain, again.key, first.authority, NAMES[0]) == ""


@pytest.mark.parametrize("damage", [cut, swap_key])
def test_a_damaged_authority_is_told_and_kept(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    made(tmp_path)
    path = tmp_path / "lan" / "authority.pem"
    damage(path)
    left = path.read_bytes()
    with pytest.raises(DamagedAuthority):
        made(tmp_path)
    assert path.read_bytes() == left


def test_the_fingerprint_is_the_authoritys(tmp_path: Path) -> None:
    local = made(tmp_path)
    found = x509.load_der_x509_certificate(local.authority)
    assert found.public_bytes(serialization.Encoding.DER) == local.authority
    assert len(local.fingerprint.split()) == 32


def test_a_machine_knows_its_names_for_itself() -> None:
    names = own_names()
    assert {"localhost", "127.0.0.1", "::1"} <= set(names)
    assert len(names) == len(set(names))
    assert all(name == name.lower() and name for name in names)


async def test_a_running_server_goes_on_renewing_after_a_failure(tmp_path: Path) -> None:
    local = made(tmp_path)
    path = tmp_path / "lan" / "authority.pem"
    good = path.read_bytes()
    cut(path)
    renewed = asyncio.Event()
    with structlog.testing.capture_logs() as logged:
        keeping = asyncio.create_task(keep_fresh(local, tmp_path, renewed.set, 0.0))
        async with asyncio.timeout(90):
            while not logged:  # noqa: ASYNC110 - a log line sets no event
                await asyncio.sleep(0)
            assert not renewed.is_set()
            path.write_bytes(good)
            await renewed.wait()
        keeping.cancel()
    assert {one["event"] for one in logged} == {"the certificate could not be renewed"}
