"""`chinwag serve --lan`, as its owner runs it; on loopback alone."""

import asyncio
import os
import re
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from tests.life.commands import BOUND, chinwag
from tests.support.certificate import make_certificate

from chinwag.roles.web.policy import content_policy

OWN = ("--server-host", "127.0.0.1", "--server-port", "0", "--observe-port", "0")


@asynccontextmanager
async def serving(data: Path, *flags: str) -> AsyncIterator[str]:
    """A server of its own; what it has printed when it says where phones come in."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CHINWAG_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chinwag.cli", "serve", *OWN, "--data-path", str(data), *flags),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=data.parent,
        env={**environment, "PYTHONIOENCODING": "utf-8"},
    )
    assert process.stdout is not None
    said = ""
    try:
        async with asyncio.timeout(BOUND):
            until = "It is reached as" if "--lan" in flags else "in a browser"
            while until not in said:
                line = await process.stdout.readline()
                assert line, said
                said += line.decode()
        yield said
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(BOUND):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def trusting(data: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(data / "lan" / "certificate.pem")
    return context


async def test_a_start_says_where_to_open_it(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as said:
        assert re.search(r"^open http://127\.0\.0\.1:[0-9]+ in a browser$", said, re.MULTILINE)


async def test_phones_are_told_how_to_trust_it_and_then_do(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with serving(data, "--lan", "--server-name", "The <Attic>") as said:
        match = re.search(r"open https://127\.0\.0\.1:([0-9]+) in a browser", said)
        assert match is not None, said
        port = match[1]
        assert "▀" in said or "█" in said, "the QR code"
        names = said.rpartition("It is reached as ")[2].strip().removesuffix(".").split(", ")
        assert {"localhost", "127.0.0.1", "::1"} <= set(names)
        async with httpx2.AsyncClient(base_url=f"https://localhost:{port}", verify=trusting(data)) as client:
            page = await client.get("/trust")
            assert page.status_code == 200
            assert "The &lt;Attic&gt;" in page.text
            assert page.headers["content-security-policy"].startswith("default-src 'none';")
            assert "<script" not in page.text
            assert "style" not in page.text
            given = await client.get("/trust/authority.crt")
            assert given.headers["content-type"] == "application/x-x509-ca-cert"
            authority = x509.load_der_x509_certificate(given.content)
            assert b"PRIVATE" not in given.content
            fingerprint = authority.fingerprint(authority.signature_hash_algorithm).hex(" ").upper()  # type: ignore[arg-type]
            assert fingerprint in page.text
            assert fingerprint in said
            assert (await client.get("/v1/server")).json()["name"] == "The <Attic>"
            assert (await client.post("/trust")).status_code in (404, 405)
            for name in names:
                host = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
                answer = await client.get("/", headers={"host": host, "accept": "text/html"})
                if answer.status_code == 200:  # where the client was built
                    assert answer.headers["content-security-policy"] == content_policy(host)


async def test_the_trust_page_is_there_with_lan_alone(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as said:
        url = said.split()[1]
        async with httpx2.AsyncClient(base_url=url) as client:
            assert (await client.get("/trust")).status_code == 404


async def test_it_makes_no_certificate_beside_one_that_is_given(tmp_path: Path) -> None:
    chain, key = make_certificate(tmp_path)
    given = ("--server-tls-certificate", chain, "--server-tls-key", key)
    ran = await chinwag("serve", *OWN, "--data-path", tmp_path / "data", "--lan", *given, folder=tmp_path)
    assert ran.code != 0
    assert "leave server.tls_certificate" in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "data" / "lan").exists()


@pytest.mark.parametrize("flag", ["--lan=maybe", "--lan=1.5"])
async def test_lan_is_yes_or_no(tmp_path: Path, flag: str) -> None:
    ran = await chinwag("serve", *OWN, "--data-path", tmp_path / "data", flag, folder=tmp_path)
    assert ran.code != 0
    assert "Traceback" not in ran.err
