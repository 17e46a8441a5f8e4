"""The policy of presence: examples of each rule, and that order and copies of reports do not matter."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from chinwag.domain import presence
from chinwag.domain.ids import DeviceId
from chinwag.domain.presence import GRACE_MS, NOBODY, SESSIONS_MAX, Phase, Report, State

PHONE, LAPTOP = DeviceId("phone"), DeviceId("laptop")
T = 1_000_000


def up(session: str, at: int, device: DeviceId = PHONE, node: str = "n1") -> Report:
    return Report(session, device, node, Phase.UP, at)


def down(session: str, at: int, device: DeviceId = PHONE, node: str = "n1") -> Report:
    return Report(session, device, node, Phase.DOWN, at)


def out(session: str, at: int, device: DeviceId = PHONE, node: str = "n1") -> Report:
    return Report(session, device, node, Phase.OUT, at)


def after(*reports: Report, now: int | None = None) -> State:
    """The state after reports that each arrive when they are made (or all at `now`)."""
    state = NOBODY
    for report in reports:
        arrival = report.at if now is None else now
        state = presence.settle(presence.apply(state, report, arrival), arrival)
    return state


def test_nobody_is_offline() -> None:
    assert not presence.is_online(NOBODY, T)
    assert presence.next_change(NOBODY, T) is None
    assert presence.is_empty(NOBODY)


def test_who_connects_is_online_at_once_and_for_ever() -> None:
    state = after(up("s", T))
    assert presence.is_online(state, T)
    assert presence.is_online(state, T + 100 * GRACE_MS)
    assert presence.next_change(state, T) is None


def test_who_goes_down_is_online_until_the_grace_is_over() -> None:
    state = after(up("s", T), down("s", T + 500))
    assert presence.is_online(state, T + 500 + GRACE_MS - 1)
    assert not presence.is_online(state, T + 500 + GRACE_MS)
    assert presence.next_change(state, T + 500) == T + 500 + GRACE_MS
    assert state.last_active_at == T + 500


def test_who_was_silent_long_enough_is_offline_when_that_is_found_out() -> None:
    """A gateway closes a silent session and reports when it was last heard."""
    state = presence.apply(after(up("s", T)), down("s", T + 1), T + 1 + GRACE_MS)
    assert not presence.is_online(state, T + 1 + GRACE_MS)


def test_a_flap_within_the_grace_is_invisible() -> None:
    state = after(up("old", T), down("old", T + 10), up("new", T + GRACE_MS))
    assert all(presence.is_online(state, T + passed) for passed in range(GRACE_MS, 5 * GRACE_MS, 1000))


def test_logging_out_is_offline_at_once() -> None:
    state = after(up("s", T), out("s", T + 1))
    assert not presence.is_online(state, T + 1)
    assert state.last_active_at == T + 1


def test_logging_out_ends_all_sessions_of_the_device_and_of_no_other() -> None:
    state = after(up("one", T), up("two", T + 1), up("there", T + 2, LAPTOP), out("one", T + 3))
    assert [held.device for held in presence.devices(state, T + 3)] == [LAPTOP]


def test_a_logged_out_device_stays_out_when_the_log_out_is_forgotten() -> None:
    state = after(up("one", T), up("two", T + 1), out("one", T + 3))
    for now in range(T + 3, T + 3 * GRACE_MS, 1000):
        state = presence.settle(state, now)
        assert not presence.is_online(state, now)
    assert presence.is_empty(state)


def test_a_device_that_logs_in_again_is_online() -> None:
    assert presence.is_online(after(up("s", T), out("s", T + 1), up("again", T + 2)), T + 2)


def test_an_account_is_online_while_any_device_is() -> None:
    state = after(up("a", T), up("b", T, LAPTOP), down("a", T + 1))
    assert presence.is_online(state, T + 10 * GRACE_MS)
    assert len(presence.devices(state, T + 10 * GRACE_MS)) == 1


def test_the_end_of_an_old_session_after_a_newer_one_came_changes_nothing() -> None:
    state = after(up("old", T), up("new", T + 5), down("old", T + 6))
    assert presence.is_online(state, T + 10 * GRACE_MS)


def test_a_session_ends_once() -> None:
    """A late copy of "up" does not bring back what went down."""
    state = after(up("s", T), down("s", T + 1))
    state = presence.settle(presence.apply(state, up("s", T), T + 2), T + 2)
    assert not presence.is_online(state, T + 1 + GRACE_MS)


def test_a_dead_node_s_sessions_have_the_grace_to_come_back_elsewhere() -> None:
    state = after(up("a", T), up("b", T, LAPTOP, "n2"), down("b", T + 1, LAPTOP, "n2"))
    state = presence.node_gone(state, "n1", T + 100)
    assert state.last_active_at == T + 1
    assert presence.is_online(state, T + 99 + GRACE_MS)
    assert not presence.is_online(state, T + 100 + GRACE_MS)
    back = presence.apply(state, up("c", T + 200, PHONE, "n2"), T + 200)
    assert presence.is_online(back, T + 100 * GRACE_MS)


def test_a_node_that_was_only_thought_dead_takes_it_back() -> None:
    state = presence.node_gone(after(up("a", T)), "n1", T + 100)
    assert presence.is_online(presence.apply(state, up("a", T), T + 200), T + 100 * GRACE_MS)


def test_a_node_s_death_seen_twice_does_not_prolong_the_grace() -> None:
    state = presence.node_gone(presence.node_gone(after(up("a", T)), "n1", T + 1), "n1", T + 20_000)
    assert not presence.is_online(state, T + 1 + GRACE_MS)


def test_a_session_that_a_recount_does_not_confirm_is_gone() -> None:
    asked = T + 10 * GRACE_MS
    state = after(up("lost", T), up("there", T, LAPTOP))
    state = presence.apply(state, up("there", T, LAPTOP), asked)
    state = presence.settle(presence.unconfirmed(state, asked), asked + GRACE_MS)
    assert [held.device for held in presence.devices(state, asked + GRACE_MS)] == [LAPTOP]


def test_who_was_stored_as_online_is_awaited_and_no_longer() -> None:
    state = presence.recalled(NOBODY, True, T - 5, T + GRACE_MS)
    assert presence.is_online(state, T + GRACE_MS - 1)
    assert presence.next_change(state, T) == T + GRACE_MS
    assert not presence.is_online(state, T + GRACE_MS)
    assert state.last_active_at == T - 5
    assert presence.is_empty(presence.settle(state, T + GRACE_MS))
    assert not presence.is_online(presence.recalled(NOBODY, False, T - 5, T + GRACE_MS), T)


def test_a_time_ahead_of_the_clock_does_not_prolong_presence() -> None:
    state = presence.apply(presence.apply(NOBODY, up("s", T), T), down("s", T + 10**9), T + 1)
    assert not presence.is_online(state, T + 1 + GRACE_MS)
    assert state.last_active_at == T + 1


def test_devices_are_told_by_their_newest_session() -> None:
    state = after(up("b", T, LAPTOP, "n1"), up("one", T + 1), up("two", T + 2, PHONE, "n2"))
    told = [(held.device, held.node, held.since) for held in presence.devices(state, T + 2)]
    assert told == [(LAPTOP, "n1", T), (PHONE, "n2", T + 2)]


def test_sessions_are_bounded_and_live_ones_are_kept() -> None:
    state = after(up("live", T))
    for n in range(SESSIONS_MAX * 2):
        state = presence.apply(presence.apply(state, up(f"s{n}", T + n), T + n), down(f"s{n}", T + n), T + n)
    assert len(state.sessions) == SESSIONS_MAX
    assert presence.is_online(state, T + 100 * GRACE_MS)


# Sessions keep their device; reports of a session are distinct in their times only within the grace.
reports = st.lists(
    st.builds(
        lambda session, stage, passed: Report(session, LAPTOP if session == "c" else PHONE, "n1", stage, T + passed),
        st.sampled_from("abc"),
        st.sampled_from(Phase),
        st.integers(0, GRACE_MS - 1),
    ),
    max_size=5,
)


@given(reports, st.data())
def test_order_and_copies_do_not_matter(made: list[Report], data: st.DataObject) -> None:
    now = T + GRACE_MS - 1
    expected = after(*made, now=now)
    shuffled = data.draw(st.permutations(made))
    copies = data.draw(st.lists(st.sampled_from(made))) if made else []
    assert after(*shuffled, *copies, now=now) == expected


def test_every_order_of_two_sessions_ends_offline() -> None:
    made = [up("a", T), down("a", T + 1), up("b", T + 2), down("b", T + 3)]
    for order in permutations(made):
        state = after(*order, now=T + 3)
        assert presence.is_online(state, T + 3)
        assert not presence.is_online(state, T + 3 + GRACE_MS)


@given(reports, st.integers(0, 3 * GRACE_MS))
def test_nothing_changes_between_the_times_that_next_change_names(made: list[Report], passed: int) -> None:
    state = after(*made, now=T + GRACE_MS)
    now, end = T + GRACE_MS, T + GRACE_MS + passed
    online = presence.is_online(state, now)
    while (due := presence.next_change(state, now)) is not None and due <= end:
        assert presence.is_online(state, due - 1) == online
        now = due
        settled = presence.settle(state, now)
        assert presence.is_online(settled, now) == presence.is_online(state, now)
        state, online = settled, presence.is_online(settled, now)
    assert presence.is_online(state, end) == online


@given(reports)
def test_all_is_forgotten_of_who_stays_away(made: list[Report]) -> None:
    """Once every session has ended, nothing of the account stays in memory."""
    ended = [*made, *(down(s, T + GRACE_MS - 1, LAPTOP if s == "c" else PHONE) for s in "abc")]
    state = presence.settle(after(*ended, now=T + GRACE_MS), T + 2 * GRACE_MS)
    assert presence.is_empty(state)
    assert not presence.is_online(state, T + 2 * GRACE_MS)
