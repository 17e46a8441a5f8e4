"""What `chinwag cluster check` looks at: whether the engines are fit, and are this cluster's. It changes nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import asyncpg

from chinwag.adapters.nats.connection import CONNECT_SECONDS, NatsConnection, ShortPayloadError
from chinwag.adapters.postgres import GoneError, schema
from chinwag.adapters.postgres.half_moved import refuse_if_gone
from chinwag.adapters.postgres.halves import check_halves
from chinwag.adapters.postgres.identity import identity_of
from chinwag.adapters.postgres.said import said
from chinwag.adapters.relational.postgres import open_postgres_directory
from chinwag.adapters.relational.revisions import NewerDatabaseError
from chinwag.adapters.relational.sealed_keys import FollowedKeys, SealedKeyStore
from chinwag.assembly.cluster.check_postgres import database_findings
from chinwag.assembly.cluster.clocks import CLOCK_ADVICE, CLOCK_SECONDS, QUESTION, apart_from, clock_words
from chinwag.assembly.cluster.credentials import directory_url, messages_url, nats_servers, read_secret, shown
from chinwag.config import Config
from chinwag.domain.refusal import Refused
from chinwag.flow.clock import Clock, system_clock
from chinwag.life.doctor.finding import Finding, fail, ok
from chinwag.ports.key_store import KeysDamaged
from chinwag.told import Told


async def check(config: Config, clock: Clock = system_clock) -> AsyncIterator[Finding]:
    """One finding after another. Never raises for what it looks at. clock: this machine's."""
    try:
        messages, accounts = messages_url(config), directory_url(config)
    except Told as told:
        yield fail("credentials", str(told), "correct the file, or name another one")
        return
    databases = [("messages", messages)] + ([("accounts", accounts)] if accounts != messages else [])
    cluster, away = "", set[str]()
    for name, url in databases:
        subject = f"PostgreSQL, {name}" if len(databases) > 1 else "PostgreSQL"
        try:
            connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS, command_timeout=CONNECT_SECONDS)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            setting = "postgres.url" if url == messages else "postgres.directory_url"
            yield fail(
                subject,
                f"{shown(url)} cannot be reached: {said(error)}",
                f"see that it runs, that {setting} leads to it, and that postgres.password_file holds its password; a "
                "full disk ends it, which its log says: make room, and start it",
            )
            away.add(url)
            continue
        try:
            async for finding in database_findings(subject, connection):
                yield finding
            yield await _clock(f"{subject}, clock", connection, clock)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            yield fail(subject, f"{shown(url)} stopped answering: {said(error)}", "see what its log says")
            away.add(url)
            continue
        finally:
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=CONNECT_SECONDS)
        finding, found = await _identity(f"{subject}'s cluster", url, cluster or config.cluster.id)
        cluster = cluster or found
        yield finding
    if not away and len(databases) > 1:
        yield await _tried("both databases", _halves(messages, accounts))
    if messages not in away:
        yield await _tried("tables of messages", _messages(messages, gone=config.store.profile == "cassandra"))
    if accounts not in away:
        yield await _tried("tables of accounts", _accounts(accounts))
        yield await _tried("keys", _keys(config, accounts))
    yield await _nats(config, cluster or "check")
    if config.store.profile == "cassandra":
        from chinwag.assembly.cluster.check_streams import check_streams  # its drivers are of that profile alone

        async for finding in check_streams(config, cluster, clock):
            yield finding


async def _clock(subject: str, connection: Any, clock: Clock) -> Finding:
    apart = await apart_from(lambda: connection.fetchval(QUESTION), clock)
    if abs(apart) > CLOCK_SECONDS:
        return fail(subject, clock_words(apart), CLOCK_ADVICE)
    return ok(subject, "as this machine's")


async def _identity(subject: str, url: str, wanted: str) -> tuple[Finding, str]:
    try:
        found = await identity_of(url, wanted)
    except schema.MissingSchemaError as missing:
        return fail(subject, str(missing), "chinwag cluster init, if this is to be a new cluster's"), ""
    except Told as told:
        return fail(subject, str(told), "correct what it names"), ""
    except Refused as refused:
        return fail(subject, refused.detail, "try again"), ""
    return ok(subject, found), found


async def _tried(subject: str, work: Awaitable[str]) -> Finding:
    try:
        return ok(subject, await work)
    except (schema.NewerSchemaError, NewerDatabaseError) as newer:
        return fail(subject, str(newer), "update Chinwag on this machine")
    except schema.MissingSchemaError as missing:
        return fail(subject, str(missing), "what is missing is made by `chinwag cluster init`")
    except schema.OlderSchemaError as older:
        return fail(subject, str(older), "an update is not through: go on with it (docs/cluster.md, Update)")
    except (Told, KeysDamaged) as told:
        return fail(subject, str(told), "correct what it names; what is missing is made by `chinwag cluster init`")
    except Refused as refused:
        return fail(subject, refused.detail, "see to the database first")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return fail(subject, said(error), "see to the database first")


async def _halves(messages: str, accounts: str) -> str:
    await check_halves(messages, accounts)
    return "one cluster's"


async def _messages(url: str, *, gone: bool) -> str:
    """gone: they may have moved on from here."""
    connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS, command_timeout=CONNECT_SECONDS)
    try:
        try:
            await refuse_if_gone(connection)
        except GoneError:
            if not gone:
                raise
            return "they have moved to Cassandra"
        partitions = await schema.verify(connection)
        lives = await connection.fetchval("SELECT to_regclass('registry.version') IS NOT NULL")
    finally:
        await connection.close(timeout=CONNECT_SECONDS)
    if not lives:
        raise schema.MissingSchemaError("this database holds no registry yet: run `chinwag cluster init`")
    return f"schema {schema.VERSION}, {partitions} partitions"


async def _accounts(url: str) -> str:
    await (await open_postgres_directory(url)).close()
    return "as this version wants them"


async def _keys(config: Config, url: str) -> str:
    secret = read_secret(config)
    found = await asyncio.to_thread(lambda: FollowedKeys(SealedKeyStore(url, secret)).read())
    return f"{len(found.keys)}, opened by this machine's secret"


async def _nats(config: Config, cluster: str) -> Finding:
    where = ", ".join(config.nats.urls)
    try:
        servers = nats_servers(config, cluster)
        connection = await NatsConnection.open(servers, "chinwag-check")
    except Told as told:
        return fail("NATS", str(told), "correct the file, or name another one")
    except ShortPayloadError as short:
        return fail("NATS", f"{where}: {short.detail}", short.advice)
    except Refused as refused:
        return fail(
            "NATS",
            f"{where}: {refused.detail}",
            "see that it runs, that nats.urls leads to it, and that nats.user and nats.password_file are its",
        )
    await connection.close()
    return ok("NATS", f"{where}, version {connection.version}, max_payload {connection.max_payload:,}")
