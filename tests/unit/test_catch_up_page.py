"""How much one answer to a poll holds."""

from hypothesis import given
from hypothesis import strategies as st

from chinwag.flow.catch_up import BYTES, Stretch, within
from chinwag.ports.inbox import Bounds

BOUNDS = Bounds(1, 0, 100)


@given(st.lists(st.integers(1, 120), max_size=30), st.integers(1, 400))
def test_a_page_holds_what_has_room_and_the_first_in_any_case(sizes: list[int], room: int) -> None:
    events = [bytes(size) for size in sizes]
    page = within(Stretch(7, events, BOUNDS), room)
    count = len(page.events)
    assert (page.position, list(page.events), page.bounds) == (7, events[:count], BOUNDS)
    assert sum(sizes[:count]) <= room or count == 1
    assert count == len(sizes) or sum(sizes[: count + 1]) > room


def test_long_texts_come_one_or_a_few_at_a_time() -> None:
    assert len(within(Stretch(1, [bytes(100_000)] * 50, BOUNDS)).events) == 2
    assert len(within(Stretch(1, [bytes(BYTES + 1)] * 50, BOUNDS)).events) == 1
    assert len(within(Stretch(1, [bytes(1_000)] * 200, BOUNDS)).events) == 200
