"""What can be configured: one frozen struct a concern. Bounds, defaults and descriptions stand here only.

`docs/configuration.md` is generated from these descriptions; `make docs` writes it anew.
"""

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from chinwag.config.cassandra_section import Cassandra, Streams, ZooKeeper, wrong_cassandra
from chinwag.config.cluster_sections import Cluster, Nats, Postgres, Store, wrong_engines
from chinwag.config.limits_section import Limits
from chinwag.config.media_section import Media, wrong_media
from chinwag.config.openid_section import OpenId, wrong_providers
from chinwag.config.push_section import Push, wrong_push
from chinwag.config.s3_section import S3, wrong_s3

SignUp = Literal["open", "closed", "invitation"]
PeopleSearch = Literal["auto", "known", "everyone"]

ESCAPED_CHARACTER_BYTES: Final = 12
"""The most bytes that JSON can need for one character: an escaped pair of surrogates."""
FRAME_REST_BYTES: Final = 64 * 1024
"""Room in a frame for what is not the text: ids, mentions, a reply."""


class Server(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The public port: HTTP and WebSocket."""

    host: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=255,
            description="Address to listen on. `::` is every address of the machine, of IPv6 and of IPv4; `0.0.0.0` "
            "every one of IPv4.",
        ),
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535, description="Port to listen on; 0 takes any free one.")] = 8420
    tls_certificate: Annotated[
        Path | None, Meta(description="PEM file of the certificate chain. With `tls_key`, the port speaks TLS.")
    ] = None
    tls_key: Annotated[Path | None, Meta(description="PEM file of the certificate's private key.")] = None
    name: Annotated[
        str, Meta(min_length=1, max_length=60, description="What this server is called where people log in.")
    ] = "Chinwag"
    web: Annotated[bool, Meta(description="Whether browsers get the web client at `/`.")] = True
    public_url: Annotated[
        str,
        Meta(
            max_length=255,
            description="Base address under which clients reach this server, such as `https://chat.example.org`. "
            "Discovery names it; empty: clients stay with the address that they used.",
        ),
    ] = ""
    location: Annotated[
        str, Meta(max_length=64, description="Where this server stands; discovery prefers the client's own place.")
    ] = ""
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            max_length=100,
            description="Addresses or networks of reverse proxies whose `X-Forwarded-For` is believed.",
        ),
    ] = ()
    max_connections: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Connections held at once; one more is refused with `overloaded`.")
    ] = 100_000
    hellos_per_second: Annotated[
        float,
        Meta(
            ge=0,
            le=100_000,
            description="Devices that a gateway lets in a second, so that the people of one that died do not trample "
            "it: each of the others is told when to come, within 30 s. 0: all that come.",
        ),
    ] = 0.0
    connections_per_address: Annotated[
        int,
        Meta(
            ge=10,
            le=1_000_000,
            description="Connections of one address (IPv6: of one /64 network); one more is refused with "
            "`rate_limited`. Many people can share an address. Those of trusted proxies and of this machine itself "
            "are not counted.",
        ),
    ] = 2_000
    sessions_per_device: Annotated[
        int, Meta(ge=1, le=1_000, description="Sockets of one device at once; one more closes the oldest.")
    ] = 20
    sessions_per_account: Annotated[
        int, Meta(ge=1, le=10_000, description="Sockets of one account at once; one more closes the oldest.")
    ] = 200
    origins: Annotated[
        tuple[str, ...],
        Meta(
            max_length=100,
            description="Web origins besides the server's own from which pages may connect, "
            "such as `https://chat.example.org`.",
        ),
    ] = ()


class Observe(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The port for operators: `/metrics`, `/healthz`, `/readyz`. It asks for no password: keep it private."""

    host: Annotated[str, Meta(min_length=1, max_length=255, description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535, description="Port to listen on; 0 takes any free one.")] = 8421


class Data(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a server on embedded stores keeps everything."""

    path: Annotated[Path, Meta(description="Folder of all data and keys; made with mode 0700 if it is not there.")] = (
        Path("~/.local/share/chinwag")
    )


class Accounts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may have an account, and how it is guarded."""

    sign_up: Annotated[
        SignUp, Meta(description="Whether people make accounts themselves: freely, never, or with an invitation code.")
    ] = "open"
    people_search: Annotated[
        PeopleSearch,
        Meta(
            description="Whom a search shows: `known` are friends and members of one's latest conversations, "
            "`everyone` also others who let themselves be found. `auto` is `known` where `sign_up` is `open`, else "
            "`everyone`."
        ),
    ] = "auto"
    access_token_minutes: Annotated[int, Meta(ge=1, le=60, description="How long an access token is good.")] = 10
    refresh_token_days: Annotated[
        int, Meta(ge=1, le=3_650, description="How long a device may stay away and still be logged in.")
    ] = 90
    password_min_characters: Annotated[int, Meta(ge=8, le=64, description="The shortest password taken.")] = 8
    password_max_characters: Annotated[int, Meta(ge=64, le=1_024, description="The longest password taken.")] = 256
    failed_logins_per_account: Annotated[
        int, Meta(ge=3, le=1_000, description="Wrong passwords for one account from one address in a window.")
    ] = 10
    failed_logins_per_address: Annotated[
        int,
        Meta(
            ge=10,
            le=100_000,
            description="Wrong passwords from one address in a window, for whichever accounts. "
            "Many people can share an address, so keep it well above the figure for one account.",
        ),
    ] = 1_000
    sign_ups_per_address: Annotated[
        int, Meta(ge=1, le=100_000, description="Accounts made from one address in a window.")
    ] = 1_000
    throttle_minutes: Annotated[
        int, Meta(ge=1, le=1_440, description="The window that the three figures above count in.")
    ] = 15


class Messages(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people may do with messages that are sent."""

    edit_hours: Annotated[
        int,
        Meta(ge=-1, le=876_000, description="Hours for which an author may edit a message; 0: never, -1: always."),
    ] = 48
    delete_hours: Annotated[
        int,
        Meta(
            ge=-1,
            le=876_000,
            description="Hours for which an author may delete a message; 0: never, -1: always. Owners and admins of a "
            "group delete those of others below them at any time.",
        ),
    ] = 48


class Presence(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When somebody counts as online."""

    heartbeat_seconds: Annotated[
        int, Meta(ge=1, le=60, description="How often clients are asked to show that they are there.")
    ] = 5
    offline_seconds: Annotated[
        int, Meta(ge=2, le=600, description="Silence after which a device is offline; shorter breaks are not seen.")
    ] = 30


class Inbox(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a returning device can catch up on event by event. Conversations themselves are kept for ever."""

    kept_days: Annotated[
        int, Meta(ge=1, le=3_650, description="Days that inbox entries are kept; a device away longer loads afresh.")
    ] = 30


class Erasure(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of closed accounts and deleted texts."""

    days: Annotated[
        int,
        Meta(
            ge=2,
            le=365,
            description="Days within which nothing of a closed account, nor of a text that was deleted or edited away, "
            "is left in the data folder. The server sees to it at its start and once a day; an erasure that takes "
            "longer is an error in its log.",
        ),
    ] = 7


class Engines(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `chinwag engines` runs on this machine. `chinwag serve` uses none of it."""

    host: Annotated[
        Literal["127.0.0.1", "::1"], Meta(description="Address to listen on: of this machine alone, in each case.")
    ] = "127.0.0.1"
    postgres_port: Annotated[
        int, Meta(ge=0, le=65_535, description="Port of PostgreSQL; 0 takes any free one at each start.")
    ] = 8432
    nats_port: Annotated[int, Meta(ge=0, le=65_535, description="Port of NATS; 0 takes any free one.")] = 8422
    path: Annotated[
        Path | None,
        Meta(
            description="Folder of data, passwords and logs; empty: `~/.local/share/chinwag-engines`, for root "
            "`/var/lib/chinwag-engines`."
        ),
    ] = None
    cache_path: Annotated[
        Path | None,
        Meta(description="Folder of the programs; empty: one in the user's cache, for root in `/var/cache`."),
    ] = None


class Log(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the server writes to standard error. Never a message text, a password or a token."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="The least urgent level written.")
    ] = "info"
    format: Annotated[Literal["console", "json"], Meta(description="Lines for people, or one JSON object a line.")] = (
        "console"
    )


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be configured. `Config()` holds the defaults, with `~` in `data.path` not expanded."""

    server: Server = Server()
    observe: Observe = Observe()
    data: Data = Data()
    store: Store = Store()
    cluster: Cluster = Cluster()
    postgres: Postgres = Postgres()
    nats: Nats = Nats()
    cassandra: Cassandra = Cassandra()
    zookeeper: ZooKeeper = ZooKeeper()
    streams: Streams = Streams()
    s3: S3 = S3()
    accounts: Accounts = Accounts()
    limits: Limits = Limits()
    messages: Messages = Messages()
    presence: Presence = Presence()
    media: Media = Media()
    push: Push = Push()
    inbox: Inbox = Inbox()
    erasure: Erasure = Erasure()
    engines: Engines = Engines()
    log: Log = Log()
    openid: dict[str, OpenId] = {}


class Contradiction(Struct, frozen=True):
    """A rule that single bounds cannot state is broken. `keys` are the settings concerned, dotted."""

    keys: tuple[str, ...]
    rule: str


def contradictions(config: Config) -> Iterator[Contradiction]:
    """Every rule across settings that `config` breaks. Reads no file."""
    server, accounts, limits, presence = config.server, config.accounts, config.limits, config.presence
    if (server.tls_certificate is None) != (server.tls_key is None):
        yield Contradiction(("server.tls_certificate", "server.tls_key"), "TLS needs both files, or neither is set")
    if server.port == config.observe.port != 0 and server.host == config.observe.host:
        yield Contradiction(("server.port", "observe.port"), "the public port and the operators' must differ")
    for network in server.trusted_proxies:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            yield Contradiction(("server.trusted_proxies",), f"{network[:60]!r} is no IP address or network")
    for origin in server.origins:
        scheme, mark, host = origin.partition("://")
        if scheme not in {"http", "https"} or not mark or not host or set(host) & set("/?#@*\\ "):
            yield Contradiction(
                ("server.origins",), f"{origin[:60]!r} is no origin: scheme, host, port if any, and nothing after"
            )
    if not _is_utf8(str(config.data.path)):
        yield Contradiction(("data.path",), "the folder's path must be UTF-8: the message store takes no other name")
    for key, path in (("engines.path", config.engines.path), ("engines.cache_path", config.engines.cache_path)):
        if not _is_utf8(str(path)):
            yield Contradiction((key,), "the folder's path must be UTF-8: PostgreSQL is told of it in its settings")
    for key, rule in wrong_engines(config.store, config.cluster, config.postgres, config.nats):
        yield Contradiction((key,), rule)
    for key, rule in wrong_cassandra(
        config.store, config.postgres, config.nats, config.cassandra, config.zookeeper, config.streams
    ):
        yield Contradiction((key,), rule)
    for key, rule in wrong_media(config.media, bucket=bool(config.s3.endpoint)):
        yield Contradiction((key,), rule)
    for key, rule in wrong_push(config.push):
        yield Contradiction((key,), rule)
    for key, rule in wrong_s3(config.s3):
        yield Contradiction((key,), rule)
    for key, rule in wrong_providers(config.openid, server.public_url):
        yield Contradiction((key,), rule)
    if accounts.failed_logins_per_address < accounts.failed_logins_per_account:
        yield Contradiction(
            ("accounts.failed_logins_per_address", "accounts.failed_logins_per_account"),
            "an address must be allowed at least what one account is",
        )
    needed = limits.text_characters * ESCAPED_CHARACTER_BYTES + FRAME_REST_BYTES
    if limits.frame_bytes < needed:
        yield Contradiction(
            ("limits.frame_bytes", "limits.text_characters"),
            f"a frame must hold the longest text with every character escaped: {needed} bytes at least",
        )
    if limits.large_above < limits.wide_above:
        yield Contradiction(("limits.large_above", "limits.wide_above"), "a large group keeps its members in rows")
    if limits.small_below > limits.large_active:
        yield Contradiction(
            ("limits.small_below", "limits.large_active"), "a group that has just become large would be small again"
        )
    if limits.outbound_bytes < limits.frame_bytes:
        yield Contradiction(
            ("limits.outbound_bytes", "limits.frame_bytes"), "what may wait for a connection must hold one frame"
        )
    if presence.offline_seconds < 2 * presence.heartbeat_seconds:
        yield Contradiction(
            ("presence.offline_seconds", "presence.heartbeat_seconds"),
            "silence must last two heartbeats at least, or one late packet takes people offline",
        )


def _is_utf8(path: str) -> bool:
    """Whether this is a path of UTF-8: bytes that are not stand in it as lone surrogates (PEP 383)."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
