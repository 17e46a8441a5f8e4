"""Faults planted one at a time: the test that is there against each must fail with it."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.api.conftest import Time
from tests.flow import test_places_flow as places_flow
from tests.openid import test_hostile_provider, test_leaving, test_log_in
from tests.openid.conftest import House
from tests.openid.provider import OwnProvider

from chinwag.adapters.relational.openid_trips import RelationalOpenIdTrips
from chinwag.domain.openid import IdToken, id_token_of
from chinwag.flow.openid import come_back, identities, log_in, places
from chinwag.flow.openid.kept import Kept
from chinwag.ports.directory import Arrival, Trip

Attack = Callable[..., Coroutine[Any, Any, None]]


def nonce_unchecked(patch: pytest.MonkeyPatch) -> None:
    def unchecked(claims: Any, **more: Any) -> IdToken:
        return id_token_of(claims, **{**more, "nonce": None})

    patch.setattr("chinwag.flow.openid.provider.id_token_of", unchecked)


def state_of_another(patch: pytest.MonkeyPatch) -> None:
    """Whoever comes back is taken for whoever set out last."""
    last: list[str] = []
    begin = RelationalOpenIdTrips.begin

    async def noting(self: RelationalOpenIdTrips, trip: Trip, now: int) -> None:
        last[:] = [trip.binding]
        await begin(self, trip, now)

    arrive = RelationalOpenIdTrips.arrive

    async def arriving(self: RelationalOpenIdTrips, arrival: Arrival) -> None:
        await arrive(self, msgspec.structs.replace(arrival, binding=last[0]))

    patch.setattr(RelationalOpenIdTrips, "begin", noting)
    patch.setattr(RelationalOpenIdTrips, "arrive", arriving)


def code_without_secret(patch: pytest.MonkeyPatch) -> None:
    for module in (log_in, identities):
        patch.setattr(module, "check_secret", lambda secret, binding: None)


def state_taken_twice(patch: pytest.MonkeyPatch) -> None:
    kept: dict[bytes, Trip] = {}
    take = RelationalOpenIdTrips.take

    async def again(self: RelationalOpenIdTrips, state: bytes, now: int) -> Trip | None:
        found = await take(self, state, now)
        if found is not None:
            kept[state] = found
        return kept.get(state)

    patch.setattr(RelationalOpenIdTrips, "take", again)


def jti_twice(patch: pytest.MonkeyPatch) -> None:
    async def use(*_: object) -> bool:
        return True

    patch.setattr(RelationalOpenIdTrips, "use", use)


def keys_at_each_token(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Kept, "_younger_than", lambda self, most: None)


def removes_by_hand(patch: pytest.MonkeyPatch) -> None:
    async def member(self: places.Places, place: Any) -> Any:
        state = await self._state(place.conversation)
        return None if state is None else state.members.get(place.account)

    patch.setattr(places.Places, "_member", member)


def answerer_unchecked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(come_back, "check_answerer", lambda *_: None)


async def _nonce(house: House, own: OwnProvider, patch: pytest.MonkeyPatch, _time: Time, _folder: Path) -> None:
    await test_hostile_provider.test_each_flaw_gets_its_refusal(house, own, "nonce of another log-in", patch)


async def _codes(house: House, own: OwnProvider, _patch: pytest.MonkeyPatch, time: Time, _folder: Path) -> None:
    await test_log_in.test_a_code_is_good_for_its_secret_alone_and_once(house, own, time)


async def _states(house: House, own: OwnProvider, _patch: pytest.MonkeyPatch, time: Time, _folder: Path) -> None:
    await test_log_in.test_a_state_is_good_once_and_for_its_provider(house, own, time)


async def _logout(house: House, own: OwnProvider, _patch: pytest.MonkeyPatch, _time: Time, _folder: Path) -> None:
    await test_leaving.test_a_logout_token_counts_once(house, own)


async def _keys(house: House, own: OwnProvider, _patch: pytest.MonkeyPatch, _time: Time, _folder: Path) -> None:
    await test_hostile_provider.test_made_up_keys_make_nobody_fetch(house, own)


async def _by_hand(_h: House, _o: OwnProvider, _p: pytest.MonkeyPatch, _t: Time, folder: Path) -> None:
    await places_flow.test_who_left_and_was_added_by_hand_stays(folder)


async def _answerer(house: House, own: OwnProvider, patch: pytest.MonkeyPatch, _time: Time, _folder: Path) -> None:
    flaw = "answer of another issuer (RFC 9207)"
    await test_hostile_provider.test_each_flaw_gets_its_refusal(house, own, flaw, patch)


REFUSED = 'assert said.pop("openid_error") == wanted'
NOT_GIVEN = 'assert (answer.status_code, answer.json()["code"]) == (400, "openid_state")'


@pytest.mark.parametrize(
    ("plant", "noticed_by", "at"),
    [
        (nonce_unchecked, _nonce, REFUSED),
        (state_of_another, _codes, NOT_GIVEN),
        (code_without_secret, _codes, NOT_GIVEN),
        (state_taken_twice, _states, "assert answer.status_code == 400"),
        (jti_twice, _logout, "assert await _log_out(process, token) == 403"),
        (keys_at_each_token, _keys, 'assert provider.asked.count("/keys") == 1'),
        (removes_by_hand, _by_hand, 'assert await give(stage, group, "heads") is Role.MEMBER'),
        (answerer_unchecked, _answerer, REFUSED),
    ],
)
async def test_each_planted_fault_is_noticed(
    house: House,
    provider: OwnProvider,
    time: Time,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    plant: Callable[[pytest.MonkeyPatch], None],
    noticed_by: Attack,
    at: str,
) -> None:
    """`at`: the statement of that test which fails. Any other failure is none of the fault's."""
    plant(monkeypatch)
    with pytest.raises((AssertionError, KeyError)) as noticed:
        await noticed_by(house, provider, monkeypatch, time, tmp_path / "stage")
    assert str(noticed.traceback[-1].statement).strip().startswith(at), "something else was noticed"
