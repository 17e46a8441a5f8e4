"""The processes of the workshop: bounded, replaced, and gone with the server."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from tests.workshop.conftest import Look
from tests.workshop.making import encoded, photo, png_bomb

from chinwag.adapters.workshop import ProcessWorkshop, pool
from chinwag.adapters.workshop.pool import Pool, PoolRules
from chinwag.domain.refusal import Code, Refused
from chinwag.engines.process import began, wait_until
from chinwag.ports.workshop import FILE_TYPE
from chinwag.workbench.messages import Bounds, Done, Job

SMALL = encoded(photo(64, 48), "JPEG")


async def begun(workshop: ProcessWorkshop) -> int:
    """The process of the job that was just given, as soon as there is one."""
    while not workshop.pool.pids:  # noqa: ASYNC110 - nobody tells of it
        await asyncio.sleep(0)
    [pid] = workshop.pool.pids
    return pid


async def test_a_thousand_at_once_are_bounded(tmp_path: Path) -> None:
    """Of a thousand that come at the same moment as many wait as may; none is lost, and never are there more processes
    than there may be."""
    (tmp_path / "given").write_bytes(SMALL)
    made = ProcessWorkshop(processes=2, waiting=100)
    most = 0
    refusals = set()

    async def one(number: int) -> bool:
        nonlocal most
        into = tmp_path / str(number)
        into.mkdir()
        try:
            found = await made.inspect(tmp_path / "given", into, as_picture=True)
        except Refused as refused:
            refusals.add((refused.code, bool(refused.retry_after)))
            return False
        most = max(most, len(made.pool.pids))
        assert found.width == 64
        return True

    served = await asyncio.gather(*(one(number) for number in range(1_000)))
    assert 100 <= sum(served) < 1_000
    assert refusals == {(Code.OVERLOADED, True)}
    assert 1 <= most <= 2
    assert made.pool.waiting == 0
    await made.close()
    assert made.pool.pids == []


async def test_a_process_that_is_killed_in_the_midst_makes_a_file(workshop: ProcessWorkshop, tmp_path: Path) -> None:
    (tmp_path / "given").write_bytes(encoded(photo(6_000, 4_000), "PNG", compress_level=1))
    (tmp_path / "into").mkdir()
    looking = asyncio.create_task(workshop.inspect(tmp_path / "given", tmp_path / "into", as_picture=True))
    pid = await begun(workshop)
    os.kill(pid, signal.SIGKILL)
    found = await looking
    assert found.media_type == FILE_TYPE
    assert found.remade  # another process has taken out what was written beside it
    assert workshop.pool.died == 1
    (tmp_path / "again").mkdir()
    assert (await workshop.inspect(tmp_path / "given", tmp_path / "again", as_picture=True)).width == 2560


async def test_a_process_is_replaced_after_its_jobs(look: Look, workshop: ProcessWorkshop) -> None:
    workshop.pool._rules = msgspec.structs.replace(workshop.pool._rules, processes=1, jobs=3)
    seen = []
    for _ in range(7):
        await look(SMALL)
        seen.append(tuple(workshop.pool.pids))
    assert seen[0] == seen[1] != seen[3] == seen[4] != seen[6]
    assert seen[2] == seen[5] == ()


async def test_a_call_that_is_cancelled_ends_its_process(workshop: ProcessWorkshop, tmp_path: Path) -> None:
    (tmp_path / "given").write_bytes(encoded(photo(6_000, 4_000), "PNG", compress_level=1))
    (tmp_path / "into").mkdir()
    looking = asyncio.create_task(workshop.inspect(tmp_path / "given", tmp_path / "into", as_picture=True))
    pid = await begun(workshop)
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert workshop.pool.pids == []
    await workshop.close()
    assert not began(pid)


async def test_closing_refuses_who_waits_and_ends_all(tmp_path: Path) -> None:
    made = ProcessWorkshop(processes=1)
    (tmp_path / "given").write_bytes(encoded(photo(6_000, 4_000), "PNG", compress_level=1))
    calls = []
    for number in range(5):
        (tmp_path / str(number)).mkdir()
        calls.append(asyncio.create_task(made.inspect(tmp_path / "given", tmp_path / str(number), as_picture=True)))
    pid = await begun(made)
    await made.close()
    for call in calls:
        with pytest.raises(Refused) as told:
            await call
        assert told.value.code is Code.UNAVAILABLE
    assert not began(pid)


async def test_a_process_that_rests_too_long_is_ended(
    look: Look, workshop: ProcessWorkshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "IDLE_SECONDS", 0.0)
    await look(SMALL)
    async with asyncio.timeout(30):
        while workshop.pool.pids:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0)
    assert (await look(SMALL)).width == 64


def rules(**words: object) -> PoolRules:
    given: dict[str, object] = {
        "processes": 1,
        "waiting": 10,
        "jobs": 100,
        "seconds": 60.0,
        "bounds": Bounds(memory=512 << 20, nice=0),
    }
    return PoolRules(**{**given, **words})  # type: ignore[arg-type]


def job(path: Path, into: Path, **words: object) -> Job:
    given: dict[str, object] = {"kind": "inspect", "cpu_seconds": 20, "file_bytes": 1 << 26, "as_picture": True}
    return Job(path=str(path), into=str(into), **{**given, **words})  # type: ignore[arg-type]


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    path, into = tmp_path / "given", tmp_path / "into"
    path.write_bytes(encoded(photo(5_000, 4_000), "PNG", compress_level=1))
    into.mkdir()
    return path, into


async def test_cpu_that_is_spent_ends_a_process(paths: tuple[Path, Path]) -> None:
    one = Pool(rules())
    assert await one.run(job(*paths, cpu_seconds=-1)) is None
    assert one.died == 1
    await one.close()


async def test_memory_that_is_not_there_makes_a_file(paths: tuple[Path, Path]) -> None:
    one = Pool(rules(bounds=Bounds(memory=110 << 20, nice=0)))
    assert (await one.run(job(*paths)) or Done()).width == 0
    await one.close()


async def test_what_takes_too_long_is_ended(paths: tuple[Path, Path]) -> None:
    one = Pool(rules(seconds=0.0))
    assert await one.run(job(*paths)) is None
    await one.close()


async def test_a_file_that_would_be_too_long_is_not_written(paths: tuple[Path, Path]) -> None:
    one = Pool(rules())
    assert await one.run(job(*paths, file_bytes=10)) == Done()
    assert list(paths[1].iterdir()) == []
    await one.close()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"words\n",
        b"[]\n",
        b'{"width": "x"}\n',
        b'{"media_type": "image/png", "width": -1, "height": 1e99}\n',
        b'{"blur": "%%%"}\n',
        b"x" * 200_000 + b"\n",
    ],
)
async def test_an_answer_that_is_none_makes_a_file(
    said: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was taken over by a file says whatever it likes."""
    (tmp_path / "said").write_bytes(said)
    await _taken_over(tmp_path, monkeypatch)
    (tmp_path / "into").mkdir()
    made = ProcessWorkshop()
    found = await made.inspect(tmp_path / "said", tmp_path / "into", as_picture=True)
    assert (found.media_type, found.original, found.previews) == (FILE_TYPE, tmp_path / "said", {})
    await made.close()


@pytest.mark.parametrize("original", ["../secret", "original", "/etc/hostname", "320.webp", ".", ""])
async def test_an_answer_names_no_file_but_its_own(
    original: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_bytes(b"a key")
    into = tmp_path / "into"
    into.mkdir()
    (into / "original").symlink_to(tmp_path / "secret")
    os.link(tmp_path / "secret", into / "320.webp")
    answer = Done(media_type="text/html", original=original, small="320.webp", large="320.webp", duration=1e300)
    (tmp_path / "said").write_bytes(msgspec.json.encode(answer) + b"\n")
    await _taken_over(tmp_path, monkeypatch)
    made = ProcessWorkshop()
    found = await made.inspect(tmp_path / "said", into, as_picture=True)
    assert (found.media_type, found.original, found.previews) == (FILE_TYPE, tmp_path / "said", {})
    assert found.duration is None
    await made.close()


async def _taken_over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on a process answers with what is in the file `said`."""
    boot = (
        f"import sys; sys.stdin.readline(); sys.stdout.write(open({str(folder / 'said')!r}).read()); sys.stdout.flush()"
    )
    monkeypatch.setattr("chinwag.adapters.workshop.bench._BOOT", boot)


async def test_no_process_at_all_is_unavailable(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(Refused) as told:
        await look(SMALL)
    assert told.value.code is Code.UNAVAILABLE


async def test_a_process_knows_nothing_of_the_server() -> None:
    """What it imports of Chinwag is the workbench, and how files are made."""
    words = "import sys, chinwag.workbench.looking, chinwag.workbench.main; print(*sorted(sys.modules))"
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", words], capture_output=True, text=True, check=True
    )
    ours = {name for name in done.stdout.split() if name.startswith("chinwag")}
    assert {name for name in ours if not name.startswith("chinwag.workbench")} == {
        "chinwag",
        "chinwag.lasting",
        "chinwag.told",
    }
    assert not {"asyncio", "sqlalchemy", "ssl"} & set(done.stdout.split())


async def test_a_process_ends_with_its_server(tmp_path: Path) -> None:
    """Also in the midst of a job, and when the server is killed."""
    (tmp_path / "given").write_bytes(png_bomb(7_000))
    (tmp_path / "into").mkdir()
    words = f"""
import asyncio, os, signal
from pathlib import Path
from chinwag.adapters.workshop import ProcessWorkshop

async def main():
    made = ProcessWorkshop()
    folder = Path({str(tmp_path)!r})
    task = asyncio.create_task(made.inspect(folder / "given", folder / "into", as_picture=True))
    while not made.pool.pids:
        await asyncio.sleep(0)
    print(made.pool.pids[0], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", words], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert await asyncio.to_thread(wait_until, lambda: not began(int(done.stdout)), 60)
