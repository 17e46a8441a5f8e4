"""Encrypted ways to both engines: a server chats over them, and a certificate that will not do is told in words."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from prove.process import ServerProcess
from tests.support.certificate import make_certificate
from tests.support.clusters import Cluster
from tests.support.device import texts
from tests.support.engines import empty_database
from tests.support.keeper import Urls
from tests.support.own_nats import own_nats
from tests.support.people import Crowd
from tests.support.postgres_tls import encrypted
from tests.support.quick_server import COMMAND

from chinwag.assembly.cluster.check import check
from chinwag.config import load
from chinwag.domain.ids import ClientId
from chinwag.engines import Place
from chinwag.life.doctor import Finding, Level
from chinwag.wire.frames import Ack, Send
from chinwag.wire.values import Text


class Safe(NamedTuple):
    """Engines that speak by TLS alone. postgres: the same database without. ca: what vouches for both."""

    postgres: str
    encrypted_port: int
    nats: str
    ca: Path


def _folder(under: Path, name: str) -> Path:
    folder = under / name
    folder.mkdir(exist_ok=True)
    return folder


@asynccontextmanager
async def speaking_tls(
    engines: Urls, folder: Path, host: str = "127.0.0.1", *, over: bool = False
) -> AsyncIterator[Safe]:
    """An empty database behind TLS, and a NATS that takes nothing else. host, over: of their certificate."""
    chain, key = make_certificate(_folder(folder, "certificates"), host, over=over)

    def settings(place: Place) -> dict[str, object]:
        own = {}
        for name, path in (("cert_file", chain), ("key_file", key)):
            copy = place.folder / path.name
            copy.write_bytes(path.read_bytes())
            own[name] = str(place.hand_over(copy))
        return {"tls": own}

    at = urlsplit(engines.postgres)
    assert at.hostname is not None
    assert at.port is not None
    async with empty_database(engines.postgres) as database, encrypted(at.hostname, at.port, chain, key) as port:
        with own_nats(settings) as nats:
            yield Safe(database, port, nats.url, chain)


@pytest.fixture
async def safe(engine_urls: Urls, tmp_path: Path) -> AsyncIterator[Safe]:
    """Engines whose certificate is good."""
    async with speaking_tls(engine_urls, tmp_path) as safe:
        yield safe


def cluster_over_tls(folder: Path, safe: Safe) -> Cluster:
    """A cluster whose processes are told to encrypt."""
    at = urlsplit(safe.postgres)
    way = at._replace(netloc=at.netloc.replace(f":{at.port}", f":{safe.encrypted_port}"))
    cluster = Cluster(folder, way.geturl(), safe.nats)
    cluster.environment |= {
        "CHINWAG_NATS_URLS": cluster.environment["CHINWAG_NATS_URLS"].replace("nats://", "tls://"),
        "CHINWAG_POSTGRES_TLS_CA": str(safe.ca),
        "CHINWAG_NATS_TLS_CA": str(safe.ca),
    }
    return cluster


async def test_people_chat_through_a_server_whose_engines_encrypt(safe: Safe, tmp_path: Path) -> None:
    cluster = cluster_over_tls(tmp_path, safe)
    await cluster.init()
    process = ServerProcess(cluster.data, command=COMMAND, environment=cluster.environment)
    crowd = Crowd(process)
    try:
        await process.start()
        anna, ben = await crowd.people("anna", "ben")
        answer = await anna.ask(Send(ClientId("1"), Text("over TLS"), to=ben.account))
        assert isinstance(answer, Ack)
        await ben.reach_head()
        assert texts(ben) == ["over TLS"]
        assert bad(findings := await found(cluster)) == set(), [
            one for one in findings.values() if one.level is Level.FAIL
        ]
        assert await process.stop() == 0
    finally:
        await crowd.leave()
        process.end()


async def test_a_way_in_the_open_gets_nowhere(safe: Safe, tmp_path: Path) -> None:
    cluster = cluster_over_tls(tmp_path, safe)
    await cluster.init()
    environment = cluster.environment
    url, servers = environment["CHINWAG_POSTGRES_URL"], environment["CHINWAG_NATS_URLS"]
    findings = await found(
        cluster,
        {
            "CHINWAG_POSTGRES_URL": f"{url}?sslmode=disable",
            "CHINWAG_POSTGRES_TLS_CA": "",
            "CHINWAG_NATS_URLS": servers.replace("tls:", "nats:"),
        },
    )
    assert bad(findings) == {"PostgreSQL", "NATS"}


@pytest.mark.parametrize("wrong", ["authority", "host", "over"])
async def test_a_certificate_that_will_not_do_is_told(engine_urls: Urls, tmp_path: Path, wrong: str) -> None:
    host = "127.0.0.9" if wrong == "host" else "127.0.0.1"
    async with speaking_tls(engine_urls, tmp_path, host, over=wrong == "over") as safe:
        cluster = cluster_over_tls(tmp_path, safe)
        if wrong == "authority":
            foreign, _ = make_certificate(_folder(tmp_path, "foreign"))
            cluster.environment |= {f"CHINWAG_{engine}_TLS_CA": str(foreign) for engine in ("POSTGRES", "NATS")}
        findings = await found(cluster)
        assert bad(findings) == {"PostgreSQL", "NATS"}
        for engine in ("PostgreSQL", "NATS"):
            assert "certificate" in findings[engine].found, findings[engine]
        if wrong != "authority":
            return
        done = await cluster.run("serve", "--server-port", "0", "--observe-port", "0")
        said = done.stderr.decode()
        assert done.returncode != 0, said
        assert "certificate" in said, said
        assert "Traceback" not in said, said


@pytest.mark.parametrize("engine", ["POSTGRES", "NATS"])
async def test_a_file_that_is_missing_or_holds_no_certificate_is_told(
    cluster: Cluster, tmp_path: Path, engine: str
) -> None:
    nothing = tmp_path / "nothing.pem"
    wrong = {f"CHINWAG_{engine}_TLS_CA": str(nothing)}
    missing = await found(cluster, wrong)
    nothing.write_text("not a certificate")
    empty = await found(cluster, wrong)
    for findings, words in ((missing, "No such file"), (empty, "holds no certificate")):
        subject = "NATS" if engine == "NATS" else "credentials"
        assert subject in bad(findings)
        assert str(nothing) in findings[subject].found
        assert f"{engine.lower()}.tls_ca" in findings[subject].found
        assert words in findings[subject].found


async def test_a_nats_server_that_does_not_encrypt_is_told_no_password(
    safe: Safe, tmp_path: Path, nats_url: str
) -> None:
    cluster = cluster_over_tls(tmp_path, safe)
    await cluster.init()
    plain = f"tls://127.0.0.1:{urlsplit(nats_url).port}"
    nats = (await found(cluster, {"CHINWAG_NATS_URLS": plain}))["NATS"]
    assert nats.level is Level.FAIL
    assert "does not ask for TLS" in nats.found, "else the server was told a password, and says that it is wrong"


async def found(cluster: Cluster, more: Mapping[str, str] | None = None) -> dict[str, Finding]:
    """What `cluster check` finds, by subject."""
    environment = {key: value for key, value in (cluster.environment | dict(more or {})).items() if value}
    return {finding.subject: finding async for finding in check(load({}, environment, None).config)}


def bad(findings: Mapping[str, Finding]) -> set[str]:
    """The subjects that fail. The engines of a run of tests do not sync."""
    return {subject for subject, finding in findings.items() if finding.level is Level.FAIL} - {"PostgreSQL, fsync"}
