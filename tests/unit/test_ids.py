"""Ids: unique, rising, and readable back."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chinwag.domain.ids import (
    EPOCH_MS,
    WORKERS,
    AccountId,
    ConversationId,
    Snowflake,
    direct_id,
    direct_members,
    group_id,
    is_direct,
)

instants = st.lists(st.integers(0, 2**41 - 2).map(lambda passed: EPOCH_MS + passed), min_size=1, max_size=50)
accounts = st.integers(0, 2**63 - 1).map(lambda n: AccountId(str(n)))


@given(instants, st.integers(0, WORKERS - 1))
def test_snowflakes_rise_whatever_the_clock_does(times: list[int], worker: int) -> None:
    snowflake = Snowflake(worker)
    made = [int(snowflake.next(now)) for now in times]
    assert all(one < other for one, other in pairwise(made))
    assert all((n >> 12) & (WORKERS - 1) == worker for n in made)


def test_more_than_a_millisecond_holds_go_on_in_the_next() -> None:
    snowflake = Snowflake(7)
    made = [int(snowflake.next(EPOCH_MS + 5)) for _ in range(4097)]
    assert len(set(made)) == 4097
    assert {n >> 22 for n in made} == {5, 6}


def test_snowflakes_fit_a_signed_64_bit_number() -> None:
    assert int(Snowflake(WORKERS - 1).next(EPOCH_MS + 2**41 - 1)) < 2**63


def test_a_clock_before_the_epoch_still_gives_rising_ids() -> None:
    snowflake = Snowflake(0)
    made = [int(snowflake.next(0)) for _ in range(3)]
    assert made == sorted(set(made))
    assert made[0] >= 0


@pytest.mark.parametrize("worker", [-1, WORKERS])
def test_a_worker_number_has_bounds(worker: int) -> None:
    with pytest.raises(ValueError, match="worker number"):
        Snowflake(worker)


@given(accounts, accounts)
def test_a_direct_id_is_the_same_for_both_and_names_them(one: AccountId, other: AccountId) -> None:
    if one == other:
        with pytest.raises(ValueError, match="two members"):
            direct_id(one, other)
        return
    conversation = direct_id(one, other)
    assert conversation == direct_id(other, one)
    assert is_direct(conversation)
    members = direct_members(conversation)
    assert members is not None
    assert set(members) == {one, other}
    assert direct_id(*members) == conversation


@given(st.text(alphabet="d~g12", max_size=8))
def test_only_ids_that_direct_id_gives_are_taken(text: str) -> None:
    members = direct_members(ConversationId(text))
    assert members is None or direct_id(*members) == text


def test_a_group_is_not_direct() -> None:
    assert not is_direct(group_id("12"))
    assert direct_members(group_id("12")) is None
