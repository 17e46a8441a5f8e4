"""TLS to both engines: encrypted where the certificate is good, and refused in words where it is not."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.support.authority import Authority
from tests.support.clusters import Cluster, new_cluster
from tests.support.device import texts
from tests.support.keeper import Urls
from tests.support.own_nats import own_nats
from tests.support.people import log_in_device, sign_up
from tests.support.places import Sockets
from tests.support.serving import serving
from tests.support.tls_front import tls_front

from chinwag.domain.ids import ClientId
from chinwag.engines import Place
from chinwag.wire.frames import Ack, Send
from chinwag.wire.values import Text

ENGINES = [("PostgreSQL", "POSTGRES"), ("NATS", "NATS")]


@asynccontextmanager
async def secured(folder: Path, engines: Urls, *, expired: bool = False) -> AsyncIterator[Cluster]:
    """A cluster whose engines take TLS alone, by certificates for 127.0.0.1; whom it trusts is in `authority.pem`."""
    authority = Authority(folder, "authority")
    chain, key = authority.sign("engines", expired=expired)
    with ExitStack() as stack:
        readable = Path(tempfile.mkdtemp(prefix="chinwag-tls-"))  # root's engines run as another user
        stack.callback(shutil.rmtree, readable, ignore_errors=True)
        place = Place.make(readable)
        copies = [str(place.hand_over(Path(shutil.copy2(one, readable)))) for one in (chain, key)]
        nats = stack.enter_context(own_nats({"tls": dict(zip(("cert_file", "key_file"), copies, strict=True))}))
        async with (
            new_cluster(folder, Urls(engines.postgres, nats.url)) as cluster,
            tls_front(urlsplit(engines.postgres).port or 0, chain, key) as port,
        ):
            address = urlsplit(cluster.environment["CHINWAG_POSTGRES_URL"])
            cluster.environment |= {
                "CHINWAG_POSTGRES_URL": address._replace(netloc=f"{address.username}@127.0.0.1:{port}").geturl(),
                "CHINWAG_NATS_URLS": cluster.environment["CHINWAG_NATS_URLS"].replace("nats://", "tls://"),
                "CHINWAG_POSTGRES_TLS_CA": str(authority.file),
                "CHINWAG_NATS_TLS_CA": str(authority.file),
            }
            yield cluster


@pytest.fixture
async def good(tmp_path: Path, engine_urls: Urls) -> AsyncIterator[Cluster]:
    """One whose engines have a good certificate, and that was made."""
    async with secured(tmp_path, engine_urls) as cluster:
        await cluster.init()
        yield cluster


async def refused(cluster: Cluster, environment: dict[str, str], engine: str, says: str) -> None:
    """Neither `cluster check` nor a start takes the engine, and both say why. A start does not wait for a certificate
    to become good."""
    checked = await cluster.run("cluster", "check", environment=environment)
    assert checked.returncode == 1
    lines = [line for line in checked.stdout.decode().splitlines() if line.startswith(f"fail {engine}:")]
    assert len(lines) == 1, checked.stdout.decode() + checked.stderr.decode()
    assert says in lines[0]
    served = await cluster.run("serve", environment=environment)
    assert served.returncode == 1
    told = served.stderr.decode()
    assert "Traceback" not in told
    assert told.splitlines()[-1].startswith("chinwag: "), told
    assert "chinwag cluster check" in told.splitlines()[-1]


async def test_with_good_certificates_people_chat_and_nothing_fails(good: Cluster) -> None:
    words = (await good.run("cluster", "check")).stdout.decode()
    assert "ok   NATS:" in words
    assert "ok   PostgreSQL:" in words
    async with serving(good, "server") as process:
        place = Sockets(process)
        for name in ("anna", "berta"):
            await sign_up(place, name)
        anna, berta = [await log_in_device(place, name) for name in ("anna", "berta")]
        await anna.connect()
        await berta.connect()
        assert isinstance(await anna.ask(Send(ClientId("m"), Text("hello"), to=berta.account)), Ack)
        await berta.until(lambda: texts(berta) == ["hello"], "the text")
        for device in (anna, berta):
            await device.close()
        await place.close()
        assert await process.stop() == 0


@pytest.mark.parametrize(("engine", "setting"), ENGINES)
async def test_a_certificate_of_another_authority_is_refused(
    good: Cluster, tmp_path: Path, engine: str, setting: str
) -> None:
    another = Authority(tmp_path, "another")
    await refused(good, {f"CHINWAG_{setting}_TLS_CA": str(another.file)}, engine, "certificate verify failed")


@pytest.mark.parametrize(("engine", "variable"), [("PostgreSQL", "POSTGRES_URL"), ("NATS", "NATS_URLS")])
async def test_a_certificate_for_another_host_is_refused(good: Cluster, engine: str, variable: str) -> None:
    elsewhere = good.environment[f"CHINWAG_{variable}"].replace("127.0.0.1", "localhost")
    await refused(good, {f"CHINWAG_{variable}": elsewhere}, engine, "'localhost'")


@pytest.mark.parametrize(("subject", "setting"), [("credentials", "POSTGRES"), ("NATS", "NATS")])
@pytest.mark.parametrize(("words", "says"), [(None, "cannot be read"), ("no certificate", "holds no certificates")])
async def test_a_file_of_authorities_that_is_none_is_named(
    cluster: Cluster, tmp_path: Path, subject: str, setting: str, words: str | None, says: str
) -> None:
    await cluster.init()
    file = tmp_path / "authorities.pem"
    if words is not None:
        file.write_text(words)
    environment = {f"CHINWAG_{setting}_TLS_CA": str(file)}
    checked = await cluster.run("cluster", "check", environment=environment)
    assert checked.returncode == 1
    assert f"fail {subject}: {file} {says}" in checked.stdout.decode(), checked.stderr.decode()
    served = await cluster.run("serve", environment=environment)
    assert served.returncode == 1
    assert served.stderr.decode().splitlines()[-1].startswith(f"chinwag: {file} {says}")


async def test_certificates_that_have_expired_are_refused(tmp_path: Path, engine_urls: Urls) -> None:
    async with secured(tmp_path, engine_urls, expired=True) as cluster:
        secret = tmp_path / "secret"
        secret.touch(mode=0o600)
        secret.write_text("f" * 64)
        cluster.environment["CHINWAG_CLUSTER_SECRET_FILE"] = str(secret)
        for engine, _ in ENGINES:
            await refused(cluster, {}, engine, "expired")


@pytest.mark.parametrize(("engine", "variable"), [("PostgreSQL", "POSTGRES_URL"), ("NATS", "NATS_URLS")])
async def test_an_engine_without_tls_is_refused_by_who_wants_it(
    good: Cluster, engine_urls: Urls, engine: str, variable: str
) -> None:
    plain = engine_urls.postgres if engine == "PostgreSQL" else engine_urls.nats
    ours = urlsplit(good.environment[f"CHINWAG_{variable}"])
    there = (ours.netloc.rpartition(":")[0], urlsplit(plain).port)
    address = ours._replace(netloc=f"{there[0]}:{there[1]}").geturl()
    await refused(good, {f"CHINWAG_{variable}": address}, engine, "SSL" if engine == "PostgreSQL" else "TLS")
