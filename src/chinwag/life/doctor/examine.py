"""The whole examination, in the order in which a newcomer would look."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

from chinwag.config import Config, Effective, Push
from chinwag.life.doctor import data, machine, media, network, software
from chinwag.life.doctor.finding import Finding, fail, ok, warn
from chinwag.life.folder import DIRECTORY
from chinwag.life.running import ControlError, NotRunningError, status_of
from chinwag.ports.media_store import MediaStore
from chinwag.told import Told
from chinwag.wire.control import Status


def examine(
    effective: Effective | None, problems: tuple[str, ...], elsewhere: Callable[[], MediaStore] | None = None
) -> Iterator[Finding]:
    """All findings. effective: the configuration, None if it cannot be used for `problems`; then what needs it is
    left out. elsewhere: opens the store of media, if they are not in the data folder. Starts nothing and changes
    nothing, but for a small file that it writes and removes again."""
    yield from software.software()
    if effective is None:
        for problem in problems:
            yield fail("configuration", problem, "`chinwag serve --help` says what each setting takes")
        return
    config = effective.config
    changed = sorted({str(source) for source in effective.sources.values() if source.kind != "default"})
    yield ok("configuration", f"settings from {', '.join(changed)}" if changed else "every setting has its default")
    folder = config.data.path.expanduser()
    running, said = _running(config)
    yield said
    yield from data.data_folder(folder, running is not None)
    if (folder / DIRECTORY).is_file():
        if elsewhere is None:
            yield from media.media(folder)
        else:
            yield from asyncio.run(_elsewhere(folder, elsewhere, f"the bucket {config.s3.bucket}"))
    yield from network.ports(config, running)
    yield from network.certificate(config.server.tls_certificate, config.server.tls_key)
    if config.openid:
        from chinwag.life.doctor.providers import providers  # only here, as what it rests on takes a while to load

        yield from providers(config.openid)
    if config.push != Push():
        from chinwag.life.doctor.pushes import pushes  # likewise

        yield from pushes(config.push)
    yield from machine.files(config.server.max_connections)
    yield from machine.disk(folder)
    yield from machine.clock(folder)
    yield from machine.sync_latency(folder)


async def _elsewhere(data: Path, opened: Callable[[], MediaStore], where: str) -> list[Finding]:
    try:
        store = opened()
    except Told as error:
        return [fail("media", f"{where} cannot be opened", str(error))]
    try:
        return await media.media_elsewhere(data, store, where)
    finally:
        await store.close()


def _running(config: Config) -> tuple[Status | None, Finding]:
    try:
        status = status_of(config.data.path.expanduser())
    except NotRunningError:
        return None, ok("server", "none runs on this data folder")
    except (ControlError, OSError) as error:
        return None, warn("server", f"cannot be asked: {error}", "run the doctor as the server's user, or as root")
    if not status.ready:
        return status, fail("server", f"runs, and is not ready: {', '.join(status.failing)}", "look at its log")
    if status.failed_commits:
        return status, warn("server", f"runs; {status.failed_commits} commits failed", "look at its log, and the disk")
    return status, ok("server", f"Chinwag {status.version} runs, {status.sessions:,} sessions")
