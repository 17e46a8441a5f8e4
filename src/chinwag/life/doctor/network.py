"""Ports and certificates: who listens there, and for how long a certificate is good."""

import errno
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptography import x509

from chinwag.config import Config
from chinwag.life.doctor.finding import Finding, fail, ok, warn
from chinwag.wire.control import Status

ANSWER_SECONDS: Final = 2.0
SOON_DAYS: Final = 21


def ports(config: Config, running: Status | None) -> Iterator[Finding]:
    """Whether both ports are free, or this data folder's own server has them."""
    wanted = (
        ("public port", config.server.host, config.server.port, "--server-port", running and running.url),
        (
            "operators' port",
            config.observe.host,
            config.observe.port,
            "--observe-port",
            running and running.observe_url,
        ),
    )
    for subject, host, port, flag, ours in wanted:
        if ours and (port == 0 or ours.rpartition(":")[2] == str(port)):
            yield ok(subject, f"this data folder's server answers at {ours}")
        else:
            yield _port(subject, host, port, flag)


def _port(subject: str, host: str, port: int, flag: str) -> Finding:
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        return fail(subject, f"{host} is no address of a machine: {error.strerror}", "name an address of this machine")
    with socket.socket(address[0], socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address[4])
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return fail(
                    subject,
                    f"{host}:{port} is taken by {_who(host, port)}",
                    f"stop that one, or choose another port with {flag}",
                )
            if error.errno == errno.EACCES:
                return fail(subject, f"{port} is for root only", f"choose one above 1023 with {flag}, behind a proxy")
            return fail(subject, f"{host}:{port} cannot be had: {error.strerror}", "name an address of this machine")
    return ok(subject, f"{host}:{port} is free")


def _who(host: str, port: int) -> str:
    """Who answers there, as far as it tells."""
    there = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - to be compared with
    try:
        with socket.create_connection((there, port), ANSWER_SECONDS) as connection:
            connection.settimeout(ANSWER_SECONDS)
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: doctor\r\nConnection: close\r\n\r\n")
            answer = connection.recv(4096)
    except OSError:
        return "a process that says nothing"
    if b"application/problem+json" in answer or b'"alive"' in answer:
        return "another Chinwag server"
    return "something that speaks HTTP" if answer.startswith(b"HTTP/") else "another process"


def certificate(chain: Path | None, key: Path | None, now: float | None = None) -> Iterator[Finding]:
    """Whether the certificate can be read, belongs to its key, and is good for some time."""
    if chain is None or key is None:
        return
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key, password=lambda: "")
    except OSError as error:  # ssl.SSLError is one
        yield fail(
            "certificate", f"{chain} with {key} cannot be used: {error.strerror or error}", "name a matching pair"
        )
        return
    if key.stat().st_mode & 0o077:
        yield warn("certificate", f"others may read {key}", f"chmod go= {key}")
    first = x509.load_pem_x509_certificates(chain.read_bytes())[0]
    seconds = time.time() if now is None else now
    begins, ends = first.not_valid_before_utc.timestamp(), first.not_valid_after_utc.timestamp()
    until = first.not_valid_after_utc.strftime("%Y-%m-%d")
    if seconds < begins:
        yield fail("certificate", f"good only from {first.not_valid_before_utc:%Y-%m-%d}", "check the clock")
    elif seconds >= ends:
        yield fail("certificate", f"expired on {until}", "renew it, and restart the server")
    elif ends - seconds < SOON_DAYS * 86_400:
        days = int((ends - seconds) // 86_400)
        yield warn("certificate", f"expires on {until}, in {days} days", "renew it, and restart the server")
    else:
        yield ok("certificate", f"good until {until}")
