"""What `chinwag cluster check` asks the monitoring of each NATS server: it alone tells how it keeps streams."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from http.client import HTTPConnection, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

import msgspec

from chinwag.adapters.nats.connection import PAYLOAD_LEAST
from chinwag.assembly.cluster.version_finding import version_finding
from chinwag.life.doctor.finding import Finding, fail, ok, warn

NATS_LEAST: Final = (2, 11)
"""The oldest on which all of this was tried, or that have what is needed."""
_SYNC: Final = (
    "set sync_interval: always in the jetstream block of each server, and restart it: the default syncs every two "
    "minutes, and a cut of power takes what was acked since"
)


async def check_nats_servers(urls: Sequence[str]) -> AsyncIterator[Finding]:
    """What each server says where it is monitored: whether each record is on disk before it is acked, its version, and
    the longest message that it takes. Of the first its clients are told nothing, of the others by one server alone."""
    if not urls:
        yield warn("JetStream, sync_interval", "streams.monitor_urls names no server that could be asked", _SYNC)
    for url in urls:
        subject = f"JetStream at {url}"
        try:
            said = await asyncio.to_thread(_varz, url)
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            yield fail(
                f"{subject}, sync_interval",
                f"it does not answer: {error}",
                "see that http_port is set there, or name another address",
            )
            continue
        for finding in server_findings(subject, said):
            yield finding


def server_findings(subject: str, said: "ServerSaid") -> list[Finding]:
    """What a server's monitoring says of it."""
    found = [version_finding(subject, said.version, NATS_LEAST)]
    if said.max_payload < PAYLOAD_LEAST:
        found.append(
            fail(
                f"{subject}, max_payload",
                f"messages of {said.max_payload:,} bytes at most",
                f"set `max_payload: {PAYLOAD_LEAST}`, or more, in its configuration, and restart it",
            )
        )
    kept = said.jetstream.config
    if kept is None:
        found.append(fail(f"{subject}, sync_interval", "it has no JetStream", "give it a jetstream block"))
    elif kept.sync_always:
        found.append(ok(f"{subject}, sync_interval", "always"))
    else:
        found.append(fail(f"{subject}, sync_interval", "not always", _SYNC))
    return found


class Synced(msgspec.Struct, frozen=True):
    sync_always: bool = False


class JetStreamSaid(msgspec.Struct, frozen=True):
    config: Synced | None = None


class ServerSaid(msgspec.Struct, frozen=True):
    """What a server's monitoring says, as far as it is looked at. max_payload: bytes."""

    version: str = ""
    max_payload: int = 0
    jetstream: JetStreamSaid = JetStreamSaid()


def _varz(url: str) -> ServerSaid:
    at = urlsplit(url)
    kind = HTTPSConnection if at.scheme == "https" else HTTPConnection
    connection = kind(at.hostname or "", at.port, timeout=3.0)
    try:
        connection.request("GET", "/varz")
        return msgspec.json.decode(connection.getresponse().read(1 << 20), type=ServerSaid)
    finally:
        connection.close()
