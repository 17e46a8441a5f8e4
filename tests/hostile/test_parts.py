"""The small parts of the defences, by themselves."""

import asyncio

import pytest

from chinwag.domain.ids import AccountId, DeviceId
from chinwag.domain.rate import Rate
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.budget import Budget, Shared
from chinwag.roles.budgets import BudgetRules, Budgets
from chinwag.roles.port.crowding import Crowding
from chinwag.roles.port.forwarded import Forwarded
from chinwag.roles.port.gate import Gate

ANN = AccountId("1")


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_budget_refuses_says_how_long_and_fills_up() -> None:
    time = Time()
    budget = Budget(Rate(2.0, 3), time)
    assert [budget.wait("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert budget.short("a") == 0.5
    assert budget.short("b") == budget.wait("b") == 0.0
    time.now = 0.5
    assert budget.short("a") == budget.wait("a") == 0.0


def test_a_budget_forgets_whom_it_has_not_seen_for_longest() -> None:
    budget = Budget(Rate(1.0, 1), Time(), keys=2)
    for key in ("a", "b", "a", "c"):
        budget.wait(key)
    assert len(budget) == 2
    assert budget.wait("a") > 0
    assert budget.wait("b") == 0.0


def test_an_account_with_many_devices_has_no_more_than_its_share() -> None:
    shared = Shared(Rate(1.0, 10), 2, Time())
    passed = sum(shared.wait(ANN, DeviceId(str(number))) == 0.0 for number in range(10) for _ in range(10))
    assert passed == 20


def test_what_is_heavier_than_a_whole_budget_takes_all_of_it() -> None:
    time = Time()
    shared = Shared(Rate(1.0, 10), 2, time)
    assert shared.wait(ANN, DeviceId("1"), 100) == 0.0
    assert shared.wait(ANN, DeviceId("1"), 100) == 10.0
    time.now = 10.0
    assert shared.wait(ANN, DeviceId("1"), 100) == 0.0


def test_a_budget_that_nobody_uses_takes_nothing() -> None:
    budgets = Budgets(BudgetRules(strangers=Rate(1.0, 1)), Time())
    assert budgets.stranger_short("203.0.113.1") == 0.0
    budgets.stranger("203.0.113.1")
    with pytest.raises(Refused) as refused:
        budgets.stranger("203.0.113.1")
    assert refused.value.code is Code.RATE_LIMITED
    assert refused.value.retry_after == 1.0


def test_addresses_are_counted_and_forgotten() -> None:
    crowding = Crowding(2)
    for address in ("203.0.113.1", "203.0.113.1", "2001:db8::1", "127.0.0.1", "::1", "::ffff:127.0.0.1", ""):
        crowding.enter(address)
    assert len(crowding) == 2  # loopback is not counted
    with pytest.raises(Refused) as refused:
        crowding.enter("::ffff:203.0.113.1")
    assert refused.value.code is Code.RATE_LIMITED
    for address in ("203.0.113.1", "203.0.113.1", "2001:db8::2", "127.0.0.1", "203.0.113.9"):
        crowding.leave(address)
    assert len(crowding) == 0
    crowding.enter("203.0.113.1")


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("198.51.100.1", ["203.0.113.1"], "198.51.100.1"),  # no trusted proxy says so
        ("10.0.0.1", ["203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", ["203.0.113.9, 203.0.113.1, 10.0.0.2"], "203.0.113.1"),
        ("10.0.0.1", ["203.0.113.9", "203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", ["203.0.113.1, x"], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("", ["203.0.113.1"], ""),
    ],
)
def test_who_is_behind_a_proxy(peer: str, headers: list[str], client: str) -> None:
    assert Forwarded(["10.0.0.0/8"]).client(peer, headers) == client


class Parser(asyncio.BufferedProtocol):
    def __init__(self) -> None:
        self.taken = 0

    def get_buffer(self, sizehint: int) -> bytearray:
        return bytearray(max(sizehint, 16))

    def buffer_updated(self, nbytes: int) -> None:
        self.taken += nbytes


def test_a_gate_lets_so_much_through_and_no_more() -> None:
    parser, over = Parser(), []
    gate = Gate(parser, 10, lambda: over.append(True))
    gate.buffer_updated(6)
    gate.buffer_updated(4)
    assert (parser.taken, over) == (10, [])
    gate.buffer_updated(1)
    assert (parser.taken, over) == (10, [True])


@pytest.mark.parametrize(
    ("written", "client"),
    [
        ("192.0.2.1:443", "192.0.2.1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:0db8:0::1", "2001:db8::1"),
        ('"[2001:db8::1]:443"', "2001:db8::1"),
        ('"192.0.2.1"', "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("203.0.113.9, [10.0.0.2]:80", "203.0.113.9"),
        ("unknown", "10.0.0.1"),
        ("_hidden", "10.0.0.1"),
        ("192.0.2.1:1:2", "10.0.0.1"),
    ],
)
def test_a_client_is_found_as_proxies_write_it(written: str, client: str) -> None:
    """Else everybody behind such a proxy would share its budget."""
    assert Forwarded(["10.0.0.0/8"]).client("10.0.0.1", [written]) == client
    assert Forwarded(["10.0.0.0/8"]).client("::ffff:10.0.0.1", [written]) == (
        client if client != "10.0.0.1" else "::ffff:10.0.0.1"
    )
