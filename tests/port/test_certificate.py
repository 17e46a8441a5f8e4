"""Certificates and keys that cannot be used: each is told in words, before anything listens."""

import asyncio
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from litestar import Litestar
from tests.port.house import Peer
from tests.support.certificate import make_certificate

from chinwag.cli.trouble import explain
from chinwag.roles.port.certificate import BadCertificate, Certificate
from chinwag.roles.port.one_port import OnePort


def missing_chain(chain: Path, _key: Path) -> None:
    chain.unlink()


def missing_key(_chain: Path, key: Path) -> None:
    key.unlink()


def no_certificate(chain: Path, _key: Path) -> None:
    chain.write_bytes(b"\xff not a certificate")


def no_key(_chain: Path, key: Path) -> None:
    key.write_text("not a key")


def swapped(chain: Path, key: Path) -> None:
    one, other = chain.read_bytes(), key.read_bytes()
    chain.write_bytes(other)
    key.write_bytes(one)


def cut_short(chain: Path, _key: Path) -> None:
    lines = chain.read_text().splitlines(keepends=True)
    chain.write_text("".join(lines[:3] + lines[-1:]))


def a_folder(chain: Path, _key: Path) -> None:
    chain.unlink()
    chain.mkdir()


def anothers_key(_chain: Path, key: Path) -> None:
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)


def anothers_key_of_its_kind(_chain: Path, key: Path) -> None:
    (key.parent / "another").mkdir()
    make_certificate(key.parent / "another")[1].rename(key)


def encrypted(_chain: Path, key: Path) -> None:
    command: list[str | Path] = [
        "openssl",
        "pkey",
        "-in",
        key,
        "-aes256",
        "-passout",
        "pass:secret",
        "-out",
        key.with_suffix(".new"),
    ]
    subprocess.run(command, check=True, capture_output=True)
    key.with_suffix(".new").rename(key)


WAYS: dict[str, Callable[[Path, Path], None]] = {
    "cannot be read": missing_chain,
    "cannot be read:": missing_key,
    "holds no certificate": no_certificate,
    "holds no private key": no_key,
    "holds no certificate:": swapped,
    "cannot be read as a certificate": cut_short,
    "cannot be read: Is a directory": a_folder,
    "is not that of the first certificate": anothers_key,
    "is not that of the first certificate in": anothers_key_of_its_kind,
    "is encrypted": encrypted,
}


@pytest.mark.parametrize("words", WAYS)
async def test_what_is_wrong_is_told_and_a_stop_is_harmless(tmp_path: Path, words: str) -> None:
    chain, key = make_certificate(tmp_path)
    WAYS[words](chain, key)
    port = OnePort(Litestar([]), lambda _: Peer(), port=0, certificate=Certificate(chain, key))
    with pytest.raises(BadCertificate) as told:
        await port.start()
    assert words in str(told.value)
    assert explain(told.value) == str(told.value)
    await port.stop(1)


async def test_a_renewed_certificate_is_shown_to_whoever_connects_then(tmp_path: Path) -> None:
    chain, key = make_certificate(tmp_path)
    port = OnePort(Litestar([]), lambda _: Peer(), port=0, certificate=Certificate(chain, key))
    await port.start()
    try:
        first = chain.read_text()
        assert await shown(port.port) == first
        make_certificate(tmp_path)
        assert chain.read_text() != first
        port.renew_certificate()
        second = chain.read_text()
        assert await shown(port.port) == second
        chain.write_text("no certificate")
        with pytest.raises(BadCertificate):
            port.renew_certificate()
        assert await shown(port.port) == second
    finally:
        await port.stop(1)


async def shown(port: int) -> str:
    """The certificate that a new connection sees."""
    return await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port), timeout=30)
