"""The collector pauses while a program begins, goes on afterwards, and leaves alone what was made meanwhile."""

import gc
import subprocess
import sys

import pytest

from chinwag.collector import uncollected


def test_it_pauses_and_goes_on() -> None:
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            pass
        assert not gc.isenabled(), "the inner one let it go on too early"
    assert gc.isenabled()


def test_it_goes_on_after_a_failure() -> None:
    with pytest.raises(ValueError, match="planted"), uncollected():
        raise ValueError("planted")
    assert gc.isenabled()


def test_what_was_made_meanwhile_is_not_looked_at_again() -> None:
    before = gc.get_freeze_count()
    with uncollected():
        kept = [[] for _ in range(10_000)]  # type: list[list[int]]
    assert gc.get_freeze_count() >= before + len(kept)
    gc.unfreeze()


def test_the_command_goes_on_collecting_once_it_is_imported() -> None:
    start = "import gc, chinwag.cli; print(gc.isenabled(), gc.get_freeze_count() > 10_000)"
    ran = subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["True", "True"]
