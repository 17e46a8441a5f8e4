"""`chinwag cluster check`: a right cluster, and what it says of each thing that is wrong."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from tests.support.clusters import Cluster

from chinwag.assembly.cluster.check import check
from chinwag.assembly.cluster.erasing import erasing
from chinwag.assembly.cluster.init import init
from chinwag.config import Config, load
from chinwag.flow.clock import Clock, system_clock
from chinwag.life.doctor import Finding, Level


def config_of(cluster: Cluster, more: Mapping[str, str] | None = None) -> Config:
    """The settings of a cluster, with others in their place."""
    return load({}, cluster.environment | dict(more or {}), None).config


async def found(
    cluster: Cluster, more: Mapping[str, str] | None = None, clock: Clock = system_clock
) -> dict[str, Finding]:
    """What is found, by subject."""
    return {finding.subject: finding async for finding in check(config_of(cluster, more), clock)}


def failing(findings: Mapping[str, Finding]) -> set[str]:
    """The subjects that fail. The engines of a run of tests do not sync: that one is always among them."""
    failed = {subject for subject, finding in findings.items() if finding.level is Level.FAIL}
    assert "PostgreSQL, fsync" in failed
    return failed - {"PostgreSQL, fsync"}


@pytest.fixture
async def made(cluster: Cluster) -> Cluster:
    """A cluster that was made."""
    await init(config_of(cluster), lambda _: None)
    return cluster


async def test_of_a_right_cluster_nothing_fails_and_a_lack_of_standbys_is_said(made: Cluster) -> None:
    findings = await found(made)
    assert failing(findings) == set()
    assert findings["PostgreSQL, standbys"].level is Level.WARN
    assert findings["PostgreSQL, disk"].level is Level.OK
    assert {
        "keys",
        "NATS",
        "tables of messages",
        "tables of accounts",
        "PostgreSQL, clock",
    } <= findings.keys()
    assert "cut of power" in findings["PostgreSQL, fsync"].advice


async def test_where_no_cluster_was_made_it_says_what_makes_one(cluster: Cluster) -> None:
    findings = await found(cluster)
    assert failing(findings) == {"PostgreSQL's cluster", "tables of messages", "tables of accounts", "keys"}
    assert all("chinwag cluster init" in findings[one].advice + findings[one].found for one in failing(findings))


async def test_weak_commits_are_found(made: Cluster) -> None:
    connection = await asyncpg.connect(made.database)
    await connection.execute(f"ALTER DATABASE {urlsplit(made.database).path[1:]} SET synchronous_commit = 'off'")
    await connection.close()
    findings = await found(made)
    assert failing(findings) == {"PostgreSQL, synchronous_commit"}
    assert "synchronous_commit = on" in findings["PostgreSQL, synchronous_commit"].advice


async def test_tables_of_a_newer_version_are_found(made: Cluster) -> None:
    connection = await asyncpg.connect(made.database)
    await connection.execute("UPDATE messages.life SET version = version + 1")
    await connection.close()
    assert failing(await found(made)) == {"tables of messages"}


@pytest.mark.parametrize("ahead", [-60_000, 60_000])
async def test_a_clock_that_is_off_is_found_whichever_way(made: Cluster, ahead: int) -> None:
    findings = await found(made, clock=lambda: system_clock() + ahead)
    assert failing(findings) == {"PostgreSQL, clock"}
    assert ("ahead of" if ahead > 0 else "behind") in findings["PostgreSQL, clock"].found


async def test_another_cluster_s_database_and_secret_are_found(made: Cluster, tmp_path: Path) -> None:
    secret = tmp_path / "foreign"
    secret.touch(mode=0o600)
    secret.write_text("f" * 64)
    findings = await found(made, {"CHINWAG_CLUSTER_ID": "another", "CHINWAG_CLUSTER_SECRET_FILE": str(secret)})
    assert failing(findings) == {"PostgreSQL's cluster", "keys"}


async def test_engines_that_are_away_or_want_another_password_are_named(made: Cluster, tmp_path: Path) -> None:
    words = tmp_path / "wrong"
    words.touch(mode=0o600)
    words.write_text("wrong")
    away = await found(
        made, {"CHINWAG_POSTGRES_URL": "postgresql://me@127.0.0.1:1/x", "CHINWAG_NATS_PASSWORD_FILE": str(words)}
    )
    assert {one for one, finding in away.items() if finding.level is Level.FAIL} == {"PostgreSQL", "NATS"}
    refused = await found(made, {"CHINWAG_POSTGRES_PASSWORD_FILE": str(words)})
    assert {one for one, finding in refused.items() if finding.level is Level.FAIL} == {"PostgreSQL"}
    assert "password" in refused["PostgreSQL"].found


async def test_a_database_that_is_not_in_utf_8_is_found(made: Cluster) -> None:
    name = f"{urlsplit(made.database).path[1:]}_ascii"
    connection = await asyncpg.connect(made.database)
    await connection.execute(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    try:
        other = urlsplit(made.environment["CHINWAG_POSTGRES_URL"])._replace(path=f"/{name}").geturl()
        findings = await found(made, {"CHINWAG_POSTGRES_URL": other})
        assert "PostgreSQL, encoding" in failing(findings)
    finally:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.close()


async def test_where_the_database_keeps_what_is_deleted_is_found(made: Cluster) -> None:
    calm = await found(made)
    assert calm["PostgreSQL, journal"].level is calm["PostgreSQL, logs"].level is Level.OK
    name = urlsplit(made.database).path[1:]
    connection = await asyncpg.connect(made.database)
    await connection.execute(f"ALTER DATABASE {name} SET log_min_duration_statement = 0")
    findings = await found(made)
    assert findings["PostgreSQL, logs"].level is Level.WARN
    assert "log_min_duration_statement = 0" in findings["PostgreSQL, logs"].found
    await connection.execute(f"ALTER DATABASE {name} SET log_parameter_max_length = 0")
    assert (await found(made))["PostgreSQL, logs"].level is Level.OK
    await connection.execute(f"ALTER DATABASE {name} SET log_parameter_max_length_on_error = 64")
    await connection.close()
    assert (await found(made))["PostgreSQL, logs"].level is Level.WARN


async def test_a_user_who_may_not_end_a_file_of_the_journal_is_told_what_to_grant(made: Cluster) -> None:
    name = f"erasing_{urlsplit(made.database).path[1:]}"
    connection = await asyncpg.connect(made.database)
    await connection.execute(f"CREATE ROLE {name}")
    try:
        await connection.execute(f"SET ROLE {name}")
        [first, *_] = [finding async for finding in erasing("PostgreSQL", connection)]
        assert (first.subject, first.level) == ("PostgreSQL, journal", Level.WARN)
        assert "GRANT pg_checkpoint" in first.advice
        await connection.execute("RESET ROLE")
        await connection.execute(f"GRANT pg_checkpoint TO {name}")
        await connection.execute(f"GRANT EXECUTE ON FUNCTION pg_switch_wal() TO {name}")
        await connection.execute(f"SET ROLE {name}")
        [first, *_] = [finding async for finding in erasing("PostgreSQL", connection)]
        assert first.level is Level.OK
    finally:
        await connection.execute("RESET ROLE")
        await connection.execute(f"DROP OWNED BY {name}")
        await connection.execute(f"DROP ROLE {name}")
        await connection.close()
