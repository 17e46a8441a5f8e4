"""What can be configured of a server on PostgreSQL and NATS. As in `sections.py`: all of it stands here.

No setting holds a password: settings are flags and are shown by `chinwag config`. A file does, which one of them names.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import SplitResult, urlsplit

from msgspec import Meta, Struct

Profile = Literal["embedded", "postgres", "cassandra"]

_TOKEN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


class Store(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where everything is kept, and how many processes may serve it."""

    profile: Annotated[
        Profile,
        Meta(
            description="`embedded`: one process, all in the folder `data.path`. `postgres`: one process or many, on "
            "one machine or several, with PostgreSQL for what lasts and NATS for what passes. `cassandra`: the same "
            "with Cassandra, JetStream and ZooKeeper, for more than one database can hold; see docs/cluster.md."
        ),
    ] = "embedded"


class Cluster(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the processes of a server have in common that is one of several."""

    id: Annotated[
        str,
        Meta(
            max_length=32,
            description="The cluster's name among others on the same engines: letters, digits, `-` and `_`. `chinwag "
            "cluster init` gives it to the database, or draws one if this is empty. A process with another one than "
            "its database's does not start; with none it takes the database's.",
        ),
    ] = ""
    secret_file: Annotated[
        Path | None,
        Meta(
            description="File of the secret that seals the cluster's keys in the database: the same on every machine, "
            "readable by the server's user alone. `chinwag cluster init` makes it. Empty: `cluster.secret` in the data "
            "folder."
        ),
    ] = None
    wait_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=86_400,
            description="How long a process that starts waits for engines that do not answer yet, or of whose nodes "
            "too few do. It ends at once if one of them answers and says no.",
        ),
    ] = 600
    nodes: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000,
            description="Processes that people connect to (gateway, api). Budgets that each of them counts by itself "
            "are divided by it, so that together they grant what `limits` says; with 1 each grants all of it.",
        ),
    ] = 1


class Postgres(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PostgreSQL, for the postgres profile; and for accounts on the cassandra profile."""

    url: Annotated[
        str,
        Meta(
            max_length=1_000,
            description="The database, such as `postgresql://chinwag@db.example.org/chinwag`: without a password.",
        ),
    ] = ""
    directory_url: Annotated[
        str,
        Meta(
            max_length=1_000,
            description="Another database for accounts, friends and log-ins, so that people who are connected go on "
            "chatting while it is away; empty: the same.",
        ),
    ] = ""
    password_file: Annotated[
        Path | None, Meta(description="File with the password, readable by the server's user alone. Of both databases.")
    ] = None
    tls_ca: Annotated[
        Path | None,
        Meta(
            description="PEM file of the authorities that vouch for PostgreSQL's certificate. With it the connection "
            "is encrypted, and the certificate must be good and name the host of the address."
        ),
    ] = None
    connections: Annotated[
        int,
        Meta(ge=2, le=200, description="Connections of one process for messages; the rest takes up to 17 besides."),
    ] = 10


class Nats(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """NATS, for the postgres profile; with JetStream for the cassandra profile."""

    urls: Annotated[
        tuple[str, ...],
        Meta(max_length=20, description="Its servers, such as `nats://10.0.0.5:4222`, or `tls://` for encryption."),
    ] = ()
    user: Annotated[str, Meta(max_length=100, description="The name to log in with, if it asks for one.")] = ""
    password_file: Annotated[
        Path | None, Meta(description="File with the password, readable by the server's user alone.")
    ] = None
    tls_ca: Annotated[
        Path | None,
        Meta(description="PEM file of the authorities that vouch for its certificate; empty: those of the system."),
    ] = None


def wrong_engines(store: Store, cluster: Cluster, postgres: Postgres, nats: Nats) -> Iterator[tuple[str, str]]:
    """What cannot be, with the setting concerned. Reads no file."""
    if cluster.id and not _TOKEN.issuperset(cluster.id):
        yield "cluster.id", "only letters, digits, - and _"
    for key, url in (("postgres.url", postgres.url), ("postgres.directory_url", postgres.directory_url)):
        if url and (problem := _wrong_url(url, ("postgresql", "postgres"), "postgres.password_file")):
            yield key, problem
    for url in nats.urls:
        if problem := _wrong_url(url, ("nats", "tls"), "nats.password_file"):
            yield "nats.urls", problem
    paths = {
        "cluster.secret_file": cluster.secret_file,
        "postgres.password_file": postgres.password_file,
        "postgres.tls_ca": postgres.tls_ca,
        "nats.password_file": nats.password_file,
        "nats.tls_ca": nats.tls_ca,
    }
    for key, path in paths.items():
        if not str(path).isprintable():  # other bytes than UTF-8 stand in a path as lone surrogates (PEP 383)
            yield key, "the path must be printable, in UTF-8: drivers are told of it in an address"
    if len({url.partition(":")[0] for url in nats.urls}) > 1:
        yield "nats.urls", "all with nats:// or all with tls://"
    if store.profile == "postgres":
        if not postgres.url:
            yield (
                "postgres.url",
                "the postgres profile needs a database, such as postgresql://chinwag@127.0.0.1/chinwag",
            )
        if not nats.urls:
            yield "nats.urls", "the postgres profile needs NATS, such as nats://127.0.0.1:4222"


def _wrong_url(url: str, schemes: tuple[str, ...], file: str) -> str:
    try:
        at = urlsplit(url)
        host = at.hostname or (at.query and "host=" in at.query)
        _ = at.port
    except ValueError:
        return "it is no address"
    if at.scheme not in schemes or not host:
        return f"it is no address: {schemes[0]}://, a host, a port if any"
    if _password(at):
        return f"it holds a password: write that into a file of mode 0600, and name the file in {file}"
    return ""


def _password(at: SplitResult) -> bool:
    return at.password is not None or any(part.startswith("password=") for part in at.query.split("&"))
