"""A storm catches servers that are made wrong on purpose, and names the promise that each breaks.

One server for each promise; `CHINWAG_WRONG=all` tries every one that there is, `CHINWAG_WRONG=NAME,…` those.
"""

import os
from pathlib import Path
from typing import Final

import pytest
from prove.faults.disk import NoDiskError
from prove.faults.wrong import WRONGS, command
from prove.storm.plan import Trouble
from prove.storm.run import Wanted, run

CHOSEN: Final = (
    "not-committed",
    "sender-forged",
    "number-differs",
    "own-order-swapped",
    "not-posted",
    "keys-forgotten",
    "swapped",
    "history-stale",
    "marks-back",
    "history-open",
    "title-differs",
    "worker-ends",
)
"""One for each promise, P1 to P12."""
TROUBLES: Final = {"kill -9": (2, Trouble.KILL), "a full disk": (0, Trouble.DISK)}
"""How many kills, and what else, a wrong server needs that does not show by itself."""


def _asked() -> tuple[str, ...]:
    asked = os.environ.get("CHINWAG_WRONG", "")
    return tuple(WRONGS) if asked == "all" else tuple(asked.split(",")) if asked else CHOSEN


def test_there_is_one_for_each_promise() -> None:
    assert {promise for wrong in WRONGS.values() for promise in wrong.promises} == {f"P{n}" for n in range(1, 13)}
    for number, name in enumerate(CHOSEN, 1):
        assert f"P{number}" in WRONGS[name].promises


@pytest.mark.parametrize("name", _asked())
async def test_a_storm_names_the_promise_that_a_wrong_server_breaks(name: str, tmp_path: Path) -> None:
    wrong = WRONGS[name]
    kills, kind = TROUBLES.get(wrong.needs, (0, Trouble.STOP))
    wanted = Wanted(1, kills, frozenset({kind}), accounts=8, groups=3, command=command(name))
    try:
        outcome = await run(wanted, tmp_path, print)
    except NoDiskError as missing:
        pytest.skip(str(missing))
    print("\n".join(outcome.verdict.lines()), outcome.stuck)
    assert outcome.verdict.broken & set(wrong.promises)
