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
    """What each server says where it is monitored: whether each record is on disk before it is acked, whether it can
    write, its version, and the longest message that it takes. Of the first two its clients are told nothing, of the
    others by one server alone."""
    if not urls:
        yield warn("JetStream, sync_interval", "streams.monitor_urls names no server that could be asked", _SYNC)
    for url in urls:
        subject = f"JetStream at {url}"
        try:
            said, health = await asyncio.to_thread(_asked, url)
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            yield fail(
                subject,
                f"it does not answer: {error}",
                "see that it runs, that http_port is set there, and that streams.monitor_urls leads to it",
            )
            continue
        for finding in server_findings(subject, said):
            yield finding
        yield health_finding(f"{subject}, health", health)


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
        found.append(
            fail(
                f"{subject}, sync_interval",
                "it has no JetStream",
                "give it a jetstream block; if it has one, it has given JetStream up as its disk was full or broken, "
                "which its log says: make room, then restart it",
            )
        )
    elif kept.sync_always:
        found.append(ok(f"{subject}, sync_interval", "always"))
    else:
        found.append(fail(f"{subject}, sync_interval", "not always", _SYNC))
    return found


def health_finding(subject: str, health: "Health") -> Finding:
    """What a server's monitoring says of its streams."""
    if not health.error:
        return ok(subject, health.status)
    if "no space left" in health.error:
        return fail(
            subject,
            f"its disk is full: {health.error}",
            "make room there, then restart it: until then it writes nothing, also with room",
        )
    if "write error" in health.error:
        return fail(subject, health.error, "mend its disk, then restart it: until then it writes nothing")
    if "not enabled" in health.error:
        return fail(subject, health.error, "see what is said of its sync_interval")
    return warn(subject, health.error, "wait, if it has just started or is about to; else see what its log says")


class Synced(msgspec.Struct, frozen=True):
    sync_always: bool = False


class JetStreamSaid(msgspec.Struct, frozen=True):
    config: Synced | None = None


class ServerSaid(msgspec.Struct, frozen=True):
    """What a server's monitoring says, as far as it is looked at. max_payload: bytes."""

    version: str = ""
    max_payload: int = 0
    jetstream: JetStreamSaid = JetStreamSaid()


class Health(msgspec.Struct, frozen=True):
    """What a server's monitoring says of its health. error: empty if nothing is wrong."""

    status: str = ""
    error: str = ""


def _asked(url: str) -> tuple[ServerSaid, Health]:
    at = urlsplit(url)
    kind = HTTPSConnection if at.scheme == "https" else HTTPConnection
    connection = kind(at.hostname or "", at.port, timeout=3.0)
    try:
        connection.request("GET", "/varz")
        said = msgspec.json.decode(connection.getresponse().read(1 << 20), type=ServerSaid)
        connection.request("GET", "/healthz")
        return said, msgspec.json.decode(connection.getresponse().read(1 << 20), type=Health)
    finally:
        connection.close()
