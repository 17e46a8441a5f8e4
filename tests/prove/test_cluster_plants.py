"""Servers on several processes that are made wrong: the table of them is whole, each plant changes the server, and a
storm finds one of them. `make prove-cluster ARGS="--catch"` finds all."""

import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from prove.cluster.moments import CHECKS
from prove.cluster.plan import MOMENTS, Harm
from prove.faults.wrong import PLANTS, STREAMED, WRONGS, command
from prove.violation import PROMISES

from chinwag.adapters.nats.holds import Holds
from chinwag.adapters.postgres.message_store import PostgresMessageStore
from chinwag.flow import heed
from chinwag.flow.answers import Answered
from chinwag.flow.deliver import Deliver
from chinwag.flow.draft import Draft

CHANGED: Final[dict[str, Callable[..., Any]]] = {
    "node-reused": Answered._answers,
    "checkpoint-first": Deliver._applied,
    "noted-not-kept": Draft.keep,
    "held-without-head": Holds.__init__,
    "epoch-unchecked": PostgresMessageStore._commit,
    "revocation-lost": heed.ends_session,
}
"""What each puts in another's place."""


def test_the_table_of_plants_is_whole() -> None:
    assert list(PLANTS) == list(CHANGED)
    assert not PLANTS.keys() & WRONGS.keys()
    assert {Harm(plant.needs) for plant in PLANTS.values()} == MOMENTS - {Harm.CROWD}
    for plant in PLANTS.values():
        assert plant.promises
        assert set(plant.promises) <= {*PROMISES, *CHECKS}
    found = {name for plant in PLANTS.values() for name in plant.promises}
    assert set(CHECKS) - {"gone", "flap"} <= found  # those two: `never-offline` of the storm over one process


def test_the_page_names_each() -> None:
    page = (Path(__file__).parents[2] / "docs" / "proving.md").read_text()
    assert all(f"| `{name}` |" in page for name in (*PLANTS, *(harm.value for harm in MOMENTS)))
    assert all(f"`{name}`" in page for name in CHECKS)


def test_each_plant_of_the_streams_names_a_test_that_is_there_and_so_does_the_page() -> None:
    root = Path(__file__).parents[2]
    page = (root / "docs" / "proving.md").read_text().splitlines()
    for name, plant in STREAMED.items():
        file, _, test = plant.test.partition("::")
        assert f"def {test}(" in (root / "tests" / "engines" / file).read_text()
        assert plant.promises
        assert set(plant.promises) <= {*PROMISES}
        [row] = [line for line in page if line.startswith(f"| `{name}` |")]
        assert f"`{plant.test}`" in row


def test_each_plant_changes_the_server() -> None:
    where = {name: (inspect.getmodule(plain), plain.__qualname__) for name, plain in CHANGED.items()}
    places = {name: (module.__name__, what) for name, (module, what) in where.items() if module is not None}
    looks = f"""
import importlib, sys
from operator import attrgetter
from prove.faults.wrong import PLANTS
places = {places!r}
find = lambda name: attrgetter(places[name][1])(importlib.import_module(places[name][0]))
plain = {{name: find(name) for name in places}}
for name in places:
    before = dict(plain)
    PLANTS[name].plant()
    after = {{one: find(one) for one in places}}
    print(*(one for one in places if before[one] is not after[one]))
    plain = after
"""
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", looks], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:-1] == list(CHANGED)
    assert all(command(name)[-1] == name for name in PLANTS)
