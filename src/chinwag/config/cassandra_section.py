"""What can be configured of a server on Cassandra, JetStream and ZooKeeper besides (`cluster_sections.py`)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from chinwag.config.cluster_sections import Nats, Postgres, Store


class Cassandra(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Cassandra, for the cassandra profile."""

    hosts: Annotated[
        tuple[str, ...],
        Meta(max_length=20, description="Some of its nodes, such as `10.0.0.6`; the others are learnt from them."),
    ] = ()
    port: Annotated[int, Meta(ge=1, le=65_535, description="The port of all its nodes.")] = 9042
    keyspace: Annotated[
        str, Meta(pattern="^[a-z][a-z0-9_]{0,47}$", description="Where the tables are; `cluster init` makes it.")
    ] = "chinwag"
    datacenter: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
            description="The datacenter whose nodes this process asks, as they call it themselves.",
        ),
    ] = "datacenter1"
    replicas: Annotated[
        int,
        Meta(
            ge=1,
            le=9,
            description="Copies of each row, when `cluster init` makes the keyspace. With 1, losing a node loses rows.",
        ),
    ] = 3
    user: Annotated[str, Meta(max_length=100, description="The name to log in with, if it asks for one.")] = ""
    password_file: Annotated[
        Path | None, Meta(description="File with the password, readable by the server's user alone.")
    ] = None
    tls_ca: Annotated[
        Path | None,
        Meta(
            description="PEM file of the authorities that vouch for its nodes' certificates. With it connections are "
            "encrypted, and a certificate must be good and name its node."
        ),
    ] = None


class ZooKeeper(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """ZooKeeper, for the cassandra profile."""

    hosts: Annotated[tuple[str, ...], Meta(max_length=20, description="Its servers, such as `10.0.0.7:2181`.")] = ()
    user: Annotated[
        str, Meta(max_length=100, description="Who alone may read and change what is kept there; everybody, without.")
    ] = ""
    password_file: Annotated[
        Path | None, Meta(description="File with the password, readable by the server's user alone.")
    ] = None
    tls_ca: Annotated[
        Path | None,
        Meta(
            description="PEM file of the authorities that vouch for its servers' certificates. With it connections are "
            "encrypted, and a certificate must be good and name its server; `zookeeper.hosts` then names their "
            "`secureClientPort`."
        ),
    ] = None


class Streams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The streams of the cassandra profile, which NATS keeps (JetStream)."""

    replicas: Annotated[
        int,
        Meta(
            ge=1,
            le=5,
            description="Servers that have each stream. With 1, losing a server loses what was sent and not stored, "
            "and devices load afresh.",
        ),
    ] = 3
    monitor_urls: Annotated[
        tuple[str, ...],
        Meta(
            max_length=20,
            description="Where each NATS server shows its settings (`http_port`), such as `http://10.0.0.5:8222`, for "
            "`cluster check` alone: whether it syncs each record it says nowhere else.",
        ),
    ] = ()
    log_bytes: Annotated[
        int,
        Meta(
            ge=67_108_864,
            le=68_719_476_736,
            description="What one of the log's streams may hold. While it is full, sends are `unavailable`.",
        ),
    ] = 268_435_456
    inbox_bytes: Annotated[
        int,
        Meta(
            ge=67_108_864,
            le=68_719_476_736,
            description="What one of the inboxes' 16 streams may hold, as `streams.log_bytes`.",
        ),
    ] = 268_435_456


def wrong_cassandra(
    store: Store, postgres: Postgres, nats: Nats, cassandra: Cassandra, zookeeper: ZooKeeper, streams: Streams
) -> Iterator[tuple[str, str]]:
    """What cannot be, with the setting concerned. Reads no file."""
    for host in cassandra.hosts:
        if not host or not host.isascii() or set(host) & set("/@ ,"):
            yield "cassandra.hosts", f"{host[:60]!r} is no host: a name or an address, without a port"
    for host in zookeeper.hosts:
        name, _, port = host.rpartition(":")
        if not name or not port.isdigit() or not host.isascii() or set(host) & set("/@ ,"):
            yield "zookeeper.hosts", f"{host[:60]!r} is no address: a host, a colon and a port"
    for url in streams.monitor_urls:
        at = urlsplit(url)
        if at.scheme not in ("http", "https") or not at.hostname or at.password:
            yield "streams.monitor_urls", f"{url[:60]!r} is no address: http://, a host, a port"
    for key, user, file in (
        ("cassandra.user", cassandra.user, cassandra.password_file),
        ("zookeeper.user", zookeeper.user, zookeeper.password_file),
    ):
        if bool(user) != (file is not None):
            yield key, f"a name needs a password, and a password a name: {key.partition('.')[0]}.password_file"
    paths = {
        "cassandra.password_file": cassandra.password_file,
        "cassandra.tls_ca": cassandra.tls_ca,
        "zookeeper.password_file": zookeeper.password_file,
        "zookeeper.tls_ca": zookeeper.tls_ca,
    }
    for key, path in paths.items():
        if not str(path).isprintable():
            yield key, "the path must be printable, in UTF-8"
    if store.profile != "cassandra":
        return
    if postgres.directory_url:
        yield (
            "postgres.directory_url",
            "the cassandra profile has accounts alone in PostgreSQL: name it in postgres.url",
        )
    needed = {
        "postgres.url": (postgres.url, "a database for accounts, such as postgresql://chinwag@127.0.0.1/chinwag"),
        "nats.urls": (nats.urls, "NATS with JetStream, such as nats://127.0.0.1:4222"),
        "cassandra.hosts": (cassandra.hosts, "Cassandra, such as 127.0.0.1"),
        "zookeeper.hosts": (zookeeper.hosts, "ZooKeeper, such as 127.0.0.1:2181"),
    }
    for key, (value, what) in needed.items():
        if not value:
            yield key, f"the cassandra profile needs {what}"
