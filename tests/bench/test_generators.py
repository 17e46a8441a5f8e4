"""Two load generators share one work, where there are cores for them."""

import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.measuring

ROOT = Path(__file__).parents[2]


def test_two_generators_share_the_pairs_and_count_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    from cores import Cores  # type: ignore[import-not-found]
    from course import Course  # type: ignore[import-not-found]
    from works import chat, many_pairs  # type: ignore[import-not-found]

    said: list[str] = []
    mine = os.sched_getaffinity(0)
    course = Course(
        tmp_path, Cores(min(mine), (max(mine), max(mine)), "two on one"), rounds=1, scale=0.05, say=said.append
    )
    try:
        with chat.opened(course) as sides:
            results = {each.id: each for each in many_pairs.measure(course, sides)}
    finally:
        course.close()
    assert results["B2.messages_s"].value > 0
    assert results["B2.p99_ms"].value >= results["B2.p50_ms"].value > 0
    assert results["B2.p99_ms"].floor > 0
    assert len(said) == 2
