"""No statement about pushes reads all of a table, or all that devices show: there may be a hundred thousand rows."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Engine, event
from tests.contract import test_directory_push as pushes
from tests.contract.test_directory_push import ANN, BEN, DIRECT, GROUP, HERS, HIS, LAPTOP, PHONE

from chinwag.adapters.relational import open_directory
from chinwag.ports.directory import PUSHES


async def test_no_statement_reads_more_than_it_is_about(tmp_path: Path) -> None:
    file = tmp_path / "directory.db"
    directory = await open_directory(file)
    await pushes.devices(directory)
    said: dict[str, Any] = {}

    def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        said[statement] = parameters[0] if many else parameters

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        async with directory.transaction() as transaction:
            await transaction.push_subscriptions.put(HERS)
        await pushes.add(directory, pushes.wanted(3), pushes.wanted(3, conversation=GROUP), pushes.wanted(3, LAPTOP))
        taken = await pushes.take(directory, 2_000)
        async with directory.transaction(account=PUSHES) as transaction:
            jobs, pairs = transaction.push_jobs, [(ANN, DIRECT), (BEN, GROUP)]
            shown = [msgspec.structs.replace(job, due=None, shown=3) for job in taken[1:]]
            await jobs.settle([msgspec.structs.replace(taken[0], due=None), *shown], 2_100)
            await jobs.pushed(pairs)
            await jobs.read(pairs, 2_200)
            await jobs.undo(GROUP, [1, 2], 2_200)
            await jobs.shown(70_000, 80_000, 9)
            await jobs.anything_shown(90_000)
            await jobs.release(PHONE)
            await jobs.hasten(PHONE, 2_300)
            await jobs.of_device(PHONE)
            await jobs.next_due()
            await jobs.shorten(0)
            await transaction.push_subscriptions.of_many([PHONE, HIS])
            await transaction.push_subscriptions.devices_of([ANN, BEN])
            await transaction.preferences.among([ANN, BEN], [DIRECT, GROUP])
            await transaction.preferences.who_wants_every(GROUP, ANN, 9)
            await transaction.push_spreads.want(GROUP, False, 3, 2_400)
            await transaction.push_spreads.next(2_500)
            await transaction.blocks.among([ANN, BEN], [ANN, BEN])
        async with directory.transaction() as transaction:
            await transaction.devices.revoke(PHONE, 9)
    finally:
        event.remove(Engine, "before_cursor_execute", listen)
        await directory.close()
    about = {
        name: given
        for name, given in said.items()
        if ("push_" in name or "preferences" in name) and not name.startswith("INSERT")
    }
    with closing(sqlite3.connect(file)) as connection:
        for statement, given in about.items():
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", given)]
            for step in plan:
                assert not step.startswith(("SCAN push_", "SCAN preferences")), (statement, plan)
                if "ORDER BY preferences.account" in statement:
                    assert "preferences_of_every (" in step, (statement, plan)
                assert "push_jobs_due (due=?)" not in step, (statement, plan)
    assert len(about) > 20
