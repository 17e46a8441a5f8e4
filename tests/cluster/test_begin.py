"""A cluster is made once, and a server that does not belong to it does not start: it says why, and what to type."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import pytest
from prove.process import ServerProcess
from tests.support.clusters import Cluster, new_cluster
from tests.support.keeper import Urls

import chinwag

POSTGRES_ONLY = ("asyncpg", "nats", "chinwag.adapters.postgres", "chinwag.adapters.nats", "chinwag.assembly.cluster")

FOLDER_OR_API = ("rocksdict", "litestar", "chinwag.adapters.embedded", "chinwag.assembly.api", "chinwag.roles.api.app")


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory, engine_urls: Urls) -> Iterator[Cluster]:
    """A cluster called `ours`, for tests that change nothing in it, with files that are no good."""
    folder = tmp_path_factory.mktemp("ours")
    (folder / "minute").write_text("60")
    for name, mode, words in (("short", 0o600, "abc"), ("open", 0o644, "f" * 64), ("foreign", 0o600, "f" * 64)):
        path = folder / name
        path.write_text(words)
        path.chmod(mode)
    made = new_cluster(folder, engine_urls)
    with asyncio.Runner() as runner:
        cluster = runner.run(made.__aenter__())
        done = runner.run(cluster.run("cluster", "init", "--cluster-id", "ours"))
        assert done.returncode == 0, done.stderr
        yield cluster
        runner.run(made.__aexit__(None, None, None))


async def test_a_server_starts_only_where_a_cluster_was_made(cluster: Cluster) -> None:
    before = await cluster.run("serve")
    assert before.returncode == 1
    assert b"chinwag cluster init" in before.stderr
    await cluster.init()
    process = ServerProcess(cluster.data, environment=cluster.environment)
    await process.start()
    try:
        assert await process.stop() == 0
    finally:
        process.end()


async def test_a_second_init_changes_nothing_and_two_at_once_make_one_cluster(cluster: Cluster) -> None:
    one, other = await asyncio.gather(cluster.run("cluster", "init"), cluster.run("cluster", "init"))
    # the slower one may find that the other's secret has just been made
    assert 0 in (one.returncode, other.returncode), (one.stderr, other.stderr)
    secret = (cluster.data / "cluster.secret").read_text()
    again = await cluster.run("cluster", "init")
    assert again.returncode == 0, again.stderr
    assert (cluster.data / "cluster.secret").read_text() == secret
    name = again.stdout.split()[-1:]
    assert name == (await cluster.run("cluster", "init")).stdout.split()[-1:]


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("CHINWAG_CLUSTER_ID", "another", "set cluster.id to ours"),
        ("CHINWAG_CLUSTER_SECRET_FILE", "nowhere", "copy that file from a machine of the cluster"),
        ("CHINWAG_CLUSTER_SECRET_FILE", "short", "holds no cluster secret"),
        ("CHINWAG_CLUSTER_SECRET_FILE", "open", "chmod go="),
        ("CHINWAG_CLUSTER_SECRET_FILE", "foreign", "give this server the secret file of the others"),
        ("CHINWAG_POSTGRES_PASSWORD_FILE", "foreign", "chinwag cluster check"),
        ("CHINWAG_NATS_PASSWORD_FILE", "foreign", "chinwag cluster check"),
        ("CHINWAG_CLOCK_OFFSET", "minute", "60.0 s ahead of the database's"),
        ("CHINWAG_NATS_URLS", "nats://127.0.0.1:1", "chinwag cluster check"),
        ("CHINWAG_POSTGRES_URL", "postgresql://chinwag@127.0.0.1:1/chinwag", "chinwag cluster check"),
    ],
)
async def test_a_server_that_does_not_belong_there_says_why_and_what_to_do(
    ours: Cluster, variable: str, value: str, says: str
) -> None:
    given = str(ours.folder / value) if variable.endswith(("_FILE", "_OFFSET")) else value
    served = await ours.run("serve", environment={variable: given, "CHINWAG_CLUSTER_WAIT_SECONDS": "0"})
    assert served.returncode == 1
    told = served.stderr.decode()
    assert "Traceback" not in told
    assert told.splitlines()[-1].startswith("chinwag: ")
    assert says in told.splitlines()[-1]
    assert "f" * 64 not in told


async def test_a_machine_without_the_secret_of_a_cluster_makes_none_of_its_own(cluster: Cluster) -> None:
    await cluster.init()
    secret = cluster.data / "cluster.secret"
    kept = secret.read_text()
    secret.unlink()
    done = await cluster.run("cluster", "init")
    assert done.returncode == 1
    assert f"copy that file to {secret}" in done.stderr.decode()
    assert not secret.exists()
    secret.touch(mode=0o600)
    secret.write_text(kept)
    await cluster.init()


def test_a_password_in_an_address_is_refused_before_anything_is_asked() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "chinwag.cli", "serve", "--postgres-url", "postgresql://me:secret@localhost/chinwag"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "postgres.password_file" in done.stderr
    assert "secret" not in done.stderr


@pytest.mark.parametrize(
    ("loads", "nothing_of"),
    [("chinwag.assembly.server", POSTGRES_ONLY), ("chinwag.assembly.cluster.server", FOLDER_OR_API)],
    ids=["folder", "cluster without api"],
)
def test_a_server_loads_nothing_of_what_it_does_not_use(loads: str, nothing_of: tuple[str, ...]) -> None:
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            (
                f"import sys, {loads}, chinwag.cli.serve\n"
                f"print([name for name in sys.modules if name.startswith({nothing_of!r})])"
            ),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.strip() == "[]", f"chinwag {chinwag.__version__} starts more slowly for it, and is larger"
