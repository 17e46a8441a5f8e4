"""What the commands that work on a data folder or a cluster share: the account verbs, and how they speak."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from chinwag.cli.out import aside
from chinwag.cli.profile import need_drivers
from chinwag.cli.settings import read_settings
from chinwag.cli.trouble import UsageError
from chinwag.cli.words_only import words_only
from chinwag.domain.ids import Snowflake
from chinwag.flow.access.collaborators import Accounts


def run(flags: dict[str, str | None], work: Callable[[Accounts], Awaitable[None]]) -> None:
    """Do `work` on the data folder or the cluster that the settings name. A running server finds it there."""
    asyncio.run(_with_accounts(flags, work))


def day(at_ms: int) -> str:
    """A date for people."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d")


def minute(at_ms: int) -> str:
    """A date and time for people, in UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


async def _with_accounts(flags: dict[str, str | None], work: Callable[[Accounts], Awaitable[None]]) -> None:
    async with _accounts(flags) as accounts:
        await work(accounts)


@asynccontextmanager
async def _accounts(flags: dict[str, str | None]) -> AsyncIterator[Accounts]:
    # Slow to load, and of no use to `--help`.
    from chinwag.adapters.embedded.bus import EmbeddedBus
    from chinwag.assembly import OPERATOR_WORKER, accounts_in, open_directory_in
    from chinwag.life.moved import refuse_moved
    from chinwag.life.whole import refuse_half

    words_only()
    config = read_settings(flags).config
    if config.store.profile != "embedded":
        need_drivers(config)
        from chinwag.assembly.cluster.operators import operator_accounts

        async with operator_accounts(config, aside) as accounts:
            yield accounts
        return
    data = config.data.path.expanduser()
    if not data.is_dir():
        raise UsageError(f"there is no data folder {data} yet: start the server once, or name it with --data-path")
    refuse_moved(data)
    refuse_half(data)
    directory = await open_directory_in(data)
    try:
        yield accounts_in(data, config, directory, EmbeddedBus(), Snowflake(OPERATOR_WORKER))
    finally:
        await directory.close()
