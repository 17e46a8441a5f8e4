"""A storm catches servers that are made wrong on purpose, and names the promise that each breaks.

One server for each promise; `CHINWAG_WRONG=all` tries every one that there is, `CHINWAG_WRONG=NAME,…` those.
`python -m prove.catch` shows the same for all of them as a table.
"""

import os
from pathlib import Path
from typing import Final

import pytest
from prove.faults.disk import NoDiskError
from prove.faults.wrong import WRONGS, command
from prove.faults.wrong.filing import FILES
from prove.storm.crowd import OFFLINE_SECONDS, STUCK_SECONDS
from prove.storm.filers import GROUPS
from prove.storm.plan import Trouble
from prove.storm.run import Outcome, Wanted, run
from prove.violation import PROMISES
from tests.support.machine import without

CHOSEN: Final = {
    "P1": "not-committed",
    "P2": "sender-forged",
    "P3": "number-differs",
    "P4": "own-order-swapped",
    "P5": "catch-up-skips",
    "P6": "keys-forgotten",
    "P7": "doubled",
    "P8": "not-posted",
    "P9": "marks-back",
    "P10": "revoked-stays",
    "P11": "title-differs",
    "P12": "never-offline",
    "P13": "deleted-text-kept",
}
"""For each promise a server that breaks it: the storm must name that very promise, whatever else is broken by it."""
SEEDS: Final = (1, 2, 3)
"""A short storm may pass without what shows the fault, such as a title that changes: then comes another."""
TROUBLES: Final = {"kill -9": (2, Trouble.KILL), "a full disk": (0, Trouble.DISK)}
"""How many kills, and what else, a wrong server needs that does not show by itself."""

SHORT: Final = 20.0
"""How long a wrong server is given to tell that somebody is gone: a right one takes half of it, and is given more."""
SOON: Final = 30.0
"""How long one may stand still until the storm is given up and judged by what it left: twice what all of it takes."""


async def _right(folder: Path, needs: str) -> Outcome:
    return await _storm(folder, needs, (), 1, OFFLINE_SECONDS, STUCK_SECONDS)


async def _wrong(folder: Path, name: str, seed: int) -> Outcome:
    """Over the server of that name. It is waited for who is gone only where that is what may be broken."""
    wrong = WRONGS[name]
    offline = SHORT if "P12" in wrong.promises else 0.0
    return await _storm(folder, wrong.needs, command(name), seed, offline, SOON)


async def _storm(folder: Path, needs: str, server: tuple[str, ...], seed: int, offline: float, stuck: float) -> Outcome:
    kills, kind = TROUBLES.get(needs, (0, Trouble.STOP))
    filers = GROUPS if needs == FILES else 0
    wanted = Wanted(
        seed, kills, frozenset({kind}), 8, 3, server, offline_seconds=offline, stuck_seconds=stuck, filers=filers
    )
    try:
        return await run(wanted, folder, print)
    except NoDiskError as missing:
        without(missing)


def _asked() -> list[tuple[str, str]]:
    asked = os.environ.get("CHINWAG_WRONG", "")
    names = list(WRONGS) if asked == "all" else asked.split(",")
    return [("", name) for name in names] if asked else list(CHOSEN.items())


def test_there_is_one_for_each_promise() -> None:
    assert tuple(CHOSEN) == PROMISES
    assert all(promise in WRONGS[name].promises for promise, name in CHOSEN.items())


def _named(outcome: Outcome) -> set[str]:
    """What the storm names. Of one that did not come to its end it is not known who is online then."""
    return outcome.verdict.broken - ({"P12"} if outcome.stuck else set())


@pytest.mark.parametrize("needs", ["", *(pytest.param(needs, marks=pytest.mark.prove) for needs in TROUBLES)])
async def test_the_same_storms_find_nothing_wrong_with_a_right_server(needs: str, tmp_path: Path) -> None:
    """Else what they find with the others would prove nothing. A server that is killed, and one whose disk is full, is
    in the short storm of `test_storm.py` too."""
    outcome = await _right(tmp_path, needs)
    print("\n".join(outcome.verdict.lines()), outcome.stuck)
    assert outcome.verdict.broken == set()


@pytest.mark.parametrize(("promise", "name"), _asked())
async def test_a_storm_names_the_promise_that_a_wrong_server_breaks(promise: str, name: str, tmp_path: Path) -> None:
    named = set[str]()
    for seed in SEEDS:
        outcome = await _wrong(tmp_path / str(seed), name, seed)
        print("\n".join(outcome.verdict.lines()), outcome.stuck)
        if named := _named(outcome) & ({promise} if promise else set(WRONGS[name].promises)):
            break
    assert named
