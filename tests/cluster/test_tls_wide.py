"""Encrypted ways to Cassandra and ZooKeeper: a server chats over them, and who vouches for neither is told in words."""

import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from prove.process import ServerProcess
from tests.support.certificate import make_certificate
from tests.support.clusters import Cluster, new_cluster
from tests.support.device import texts
from tests.support.keeper import Urls
from tests.support.own_cassandra import own_cassandra
from tests.support.own_nats import own_nats_with_streams
from tests.support.own_zookeeper import own_zookeeper
from tests.support.people import Crowd

from chinwag.assembly.cluster.check import check
from chinwag.config import load
from chinwag.domain.ids import ClientId
from chinwag.life.doctor import Finding, Level
from chinwag.wire.frames import Ack, Send
from chinwag.wire.values import Text

pytestmark = pytest.mark.cluster_prove

LEAST = str(64 << 20)
ENGINES = ("Cassandra", "ZooKeeper")


class Safe(NamedTuple):
    """Engines that encrypt. ca: what vouches for both."""

    cassandra_port: int
    zookeeper: str
    nats: str
    ca: Path


@pytest.fixture(scope="module")
def safe() -> Iterator[Safe]:
    """One node of each."""
    folder = Path(tempfile.mkdtemp(prefix="chinwag-certificates-"))
    try:
        folder.chmod(0o755)  # root's engines run as another user
        chain, key = make_certificate(folder)
        both = folder / "both.pem"
        both.write_bytes(key.read_bytes() + chain.read_bytes())
        for path in (chain, key, both):
            path.chmod(0o644)
        encrypting = {
            "client_encryption_options": {
                "enabled": True,
                "optional": True,  # what starts it sees by a word in the open that it serves
                "keystore": str(both),
                "require_client_auth": False,
                "ssl_context_factory": {"class_name": "org.apache.cassandra.security.PEMBasedSslContextFactory"},
            }
        }
        with (
            own_zookeeper(certificate=both) as ensemble,
            own_nats_with_streams(most=8 << 30) as (nats,),
            own_cassandra(spoilt={1: encrypting}) as (node,),
        ):
            yield Safe(node.port, ",".join(ensemble.secure_hosts), nats.url, chain)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def wide(tmp_path: Path, engine_urls: Urls, safe: Safe) -> AsyncIterator[Cluster]:
    """A cluster whose processes are told to encrypt, made."""
    async with new_cluster(tmp_path, Urls(postgres=engine_urls.postgres, nats=safe.nats)) as made:
        made.environment |= {
            "CHINWAG_STORE_PROFILE": "cassandra",
            "CHINWAG_CASSANDRA_HOSTS": "127.0.0.1",
            "CHINWAG_CASSANDRA_PORT": str(safe.cassandra_port),
            "CHINWAG_CASSANDRA_KEYSPACE": f"tls_{secrets.token_hex(6)}",
            "CHINWAG_CASSANDRA_REPLICAS": "1",
            "CHINWAG_CASSANDRA_TLS_CA": str(safe.ca),
            "CHINWAG_ZOOKEEPER_HOSTS": safe.zookeeper,
            "CHINWAG_ZOOKEEPER_TLS_CA": str(safe.ca),
            "CHINWAG_STREAMS_REPLICAS": "1",
            "CHINWAG_STREAMS_LOG_BYTES": LEAST,
            "CHINWAG_STREAMS_INBOX_BYTES": LEAST,
        }
        await made.init()
        yield made


async def test_people_chat_by_engines_that_encrypt_and_only_who_is_vouched_for_is_spoken_to(
    wide: Cluster, tmp_path: Path
) -> None:
    process = ServerProcess(wide.data, environment=wide.environment)
    crowd = Crowd(process)
    try:
        await process.start()
        anna, ben = await crowd.people("anna", "ben")
        answer = await anna.ask(Send(ClientId("1"), Text("over TLS"), to=ben.account))
        assert isinstance(answer, Ack)
        await ben.reach_head()
        assert texts(ben) == ["over TLS"]
        assert not bad(await found(wide)) & {*ENGINES, *(f"ZooKeeper at {host}" for host in hosts(wide))}
        assert await process.stop() == 0
    finally:
        await crowd.leave()
        process.end()
    (tmp_path / "foreign").mkdir()
    foreign, _ = make_certificate(tmp_path / "foreign")
    for engine in ENGINES:
        wrong = {f"CHINWAG_{engine.upper()}_TLS_CA": str(foreign)}
        findings = await found(wide, wrong)
        assert findings[engine].level is Level.FAIL
        assert "certificate" in findings[engine].found, findings[engine]
        assert f"{engine.lower()}.tls_ca" in findings[engine].advice, findings[engine]
        done = await wide.run("serve", "--server-port", "0", "--observe-port", "0", environment=wrong)
        said = done.stderr.decode()
        assert done.returncode == 1, said
        assert f"{engine} at" in said, said
        assert "certificate" in said, said
        assert "Traceback" not in said, said
    nothing = tmp_path / "nothing.pem"
    for engine in ENGINES:
        missing = (await found(wide, {f"CHINWAG_{engine.upper()}_TLS_CA": str(nothing)}))[engine]
        assert f"{nothing} ({engine.lower()}.tls_ca)" in missing.found, missing


def hosts(cluster: Cluster) -> list[str]:
    """The ZooKeeper servers that it is told of."""
    return cluster.environment["CHINWAG_ZOOKEEPER_HOSTS"].split(",")


async def found(cluster: Cluster, more: Mapping[str, str] | None = None) -> dict[str, Finding]:
    """What `cluster check` finds, by subject."""
    config = load({}, cluster.environment | dict(more or {}), None).config
    return {finding.subject: finding async for finding in check(config)}


def bad(findings: Mapping[str, Finding]) -> set[str]:
    """The subjects that fail."""
    return {subject for subject, finding in findings.items() if finding.level is Level.FAIL}
