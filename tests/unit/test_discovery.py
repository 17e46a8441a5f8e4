"""Discovery recommends what is near and has room, and gives tickets that work once, at one gateway, soon."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chinwag.adapters.files import FileKeyStore
from chinwag.domain.discovery import FULL, Candidate, rank
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.admission import Principal
from chinwag.flow.access.key_ring import KeyRing
from chinwag.flow.access.tickets import LIFETIME_MS, SHARED, Tickets
from chinwag.ports.bus import NodeId

CANDIDATES = st.lists(
    st.builds(
        Candidate,
        st.text("abc", min_size=1),
        st.integers(0, 100),
        st.integers(0, 100),
        st.sampled_from(["", "north", "south"]),
        st.booleans(),
    ),
    max_size=8,
)


class SetClock:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.now = 1_795_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def keys(tmp_path: Path, clock: SetClock) -> KeyRing:
    return KeyRing(FileKeyStore(tmp_path / "keys"), clock())


WHO = Principal(AccountId("12"), DeviceId("34"), 0)
HERE, THERE = NodeId("n1"), NodeId("n2")


@given(CANDIDATES, st.text(max_size=3), st.sampled_from(["", "north", "elsewhere"]))
def test_never_recommends_a_full_gateway_or_one_about_to_stop_and_puts_the_near_first(
    candidates: list[Candidate], device: str, location: str
) -> None:
    ranked = rank(candidates, device, location)
    assert all(one.load < FULL and not one.draining for one in ranked)
    assert {one.name for one in candidates if one.load < FULL and not one.draining} == {one.name for one in ranked}
    assert rank(candidates[::-1], device, location) == ranked or len({one.name for one in candidates}) < len(candidates)
    for better, worse in pairwise(ranked):
        near = (bool(location) and better.location == location, bool(location) and worse.location == location)
        assert near != (False, True)


def test_each_gateway_is_named_first_as_often_as_it_has_room() -> None:
    """Nobody's herd: of those who ask while the loads stay the same, the emptiest gets its share and not all."""
    room = {"a": 600, "b": 300, "c": 100}
    candidates = [Candidate(name, 1000 - free, 1000) for name, free in room.items()]
    firsts = Counter(rank(candidates, f"device {number}")[0].name for number in range(4000))
    for name, free in room.items():
        assert abs(firsts[name] / 4000 - free / 1000) < 0.05


def test_a_ticket_is_good_once(keys: KeyRing, clock: SetClock) -> None:
    tickets = Tickets(keys, clock, HERE)
    ticket, expires_at = tickets.issue(WHO, HERE)
    assert expires_at == clock() + LIFETIME_MS
    claims = tickets.redeem(ticket)
    assert (claims.account, claims.device) == (WHO.account, WHO.device)
    with pytest.raises(Refused) as refused:
        tickets.redeem(ticket)
    assert refused.value.code is Code.UNAUTHENTICATED


def test_a_ticket_is_good_at_its_own_gateway_only(keys: KeyRing, clock: SetClock) -> None:
    ticket, _ = Tickets(keys, clock, HERE).issue(WHO, THERE)
    with pytest.raises(Refused) as refused:
        Tickets(keys, clock, HERE).redeem(ticket)
    assert refused.value.code is Code.UNAUTHENTICATED
    assert Tickets(keys, clock, THERE).redeem(ticket).device == WHO.device


def test_a_ticket_for_a_shared_address_is_good_once_at_each_gateway_that_shares_it(
    keys: KeyRing, clock: SetClock
) -> None:
    ticket, _ = Tickets(keys, clock, HERE).issue(WHO, SHARED)
    with pytest.raises(Refused) as refused:
        Tickets(keys, clock, HERE).redeem(ticket)
    assert refused.value.code is Code.UNAUTHENTICATED, "one with an address of its own takes its own alone"
    for node in (HERE, THERE):
        sharing = Tickets(keys, clock, node, shared=True)
        assert sharing.redeem(ticket).device == WHO.device
        with pytest.raises(Refused):
            sharing.redeem(ticket)


def test_a_ticket_expires(keys: KeyRing, clock: SetClock) -> None:
    tickets = Tickets(keys, clock, HERE)
    ticket, expires_at = tickets.issue(WHO, HERE)
    clock.now = expires_at
    with pytest.raises(Refused) as refused:
        tickets.redeem(ticket)
    assert refused.value.code is Code.TOKEN_EXPIRED


def test_a_ticket_altered_anywhere_is_refused(keys: KeyRing, clock: SetClock) -> None:
    tickets = Tickets(keys, clock, HERE)
    ticket, _ = tickets.issue(WHO, HERE)
    for index, character in enumerate(ticket):
        altered = ticket[:index] + ("A" if character != "A" else "B") + ticket[index + 1 :]
        with pytest.raises(Refused):
            tickets.redeem(altered)
    assert tickets.redeem(ticket).account == WHO.account


@given(st.text(max_size=600))
def test_junk_is_refused_with_a_code(tmp_path_factory: pytest.TempPathFactory, junk: str) -> None:
    clock = SetClock()
    tickets = Tickets(KeyRing(FileKeyStore(tmp_path_factory.getbasetemp() / "ticket-keys"), clock()), clock, HERE)
    with pytest.raises(Refused):
        tickets.redeem(junk)
