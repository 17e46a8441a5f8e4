"""Pushes of what changes between the moment they are weighed and the moment they are sent."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.flow.test_push_flow import night
from tests.support.push_receiver import Hang
from tests.support.push_stage import ANN, BEN, HOURS, push_stage

from chinwag.adapters.outgoing import guarded
from chinwag.adapters.outgoing.dialling import GuardedDialler
from chinwag.adapters.push_services.services import PushServices
from chinwag.domain.account import AccountSettings
from chinwag.domain.body import Text
from chinwag.domain.command import Action, Delete, Edit
from chinwag.domain.conversation import GroupSettings
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.flow.access.devices import revoke_device
from chinwag.flow.accounts.disable import disable
from chinwag.flow.push import send, weigh
from chinwag.flow.push.badge import badges


@pytest.mark.parametrize("way", ["deleted", "edited"])
async def test_a_text_that_is_changed_while_the_rest_is_read_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        number = await pushing.say("what nobody shall know")
        actions: list[Action] = [Delete(number) if way == "deleted" else Edit(number, Text("ah"))]

        async def changed_meanwhile(*given: object) -> dict[AccountId, tuple[int, int]]:
            while actions:
                await pushing.do(actions.pop())
            return await badges(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(weigh, "badges", changed_meanwhile)
        await pushing.after()
        assert [one.payload.get("text") for one in phone.pushed] == ([] if way == "deleted" else ["ah"])


@pytest.mark.parametrize("way", ["deleted", "edited", "read", "revoked", "closed"])
async def test_what_changes_while_a_connection_is_made_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(guarded, "WAITED_SECONDS", -1.0)  # as if it took so long
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        number = await pushing.say("what nobody shall know")
        ways: dict[str, Callable[[], Awaitable[object]]] = {
            "deleted": lambda: pushing.do(Delete(number)),
            "edited": lambda: pushing.do(Edit(number, Text("ah"))),
            "read": lambda: pushing.read(BEN, number),
            "revoked": lambda: revoke_device(pushing.stage.accounts, BEN, DeviceId("phone")),
            "closed": lambda: disable(pushing.stage.accounts, BEN),
        }
        changes = [ways[way]]
        dialled = GuardedDialler.connect_tcp

        async def slowly(*given: Any, **named: Any) -> Any:
            while changes:
                await changes.pop()()
            return await dialled(*given, **named)

        monkeypatch.setattr(GuardedDialler, "connect_tcp", slowly)
        await pushing.after()
        await pushing.after()
        assert changes == []
        assert [one.payload.get("text") for one in phone.pushed] == (["ah"] if way == "edited" else [])


async def test_what_is_deleted_while_its_push_is_under_way_is_taken_back_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        number = await pushing.say("a slip")
        await pushing.follow()
        sent = PushServices.send

        async def meanwhile(*given: Any) -> Any:
            outcome = await sent(*given)
            if len(phone.pushed) == 1:
                await pushing.do(Delete(number))
                await pushing.follow()
            return outcome

        monkeypatch.setattr(PushServices, "send", meanwhile)
        await pushing.after()
        await pushing.after()
        assert [one["kind"] for one in phone.shown] == ["clear"]


async def test_who_is_revoked_while_its_push_waits_for_a_slow_service_is_pushed_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarded, "OF_HOST", 1)
    monkeypatch.setattr(guarded, "WHOLE_SECONDS", 3.0)
    async with push_stage(tmp_path / "data") as pushing:
        devices = [await pushing.subscribe(BEN, name) for name in ("phone", "tablet")]
        weighed = asyncio.Semaphore(0)
        monkeypatch.setattr(send, "passing", lambda name: weighed.release() if name == "push.sending" else None)
        for device in devices:
            device.always = Hang()
        await pushing.say("hello")
        await pushing.follow()
        pushing.ahead += 1_000
        await pushing.sender.step()
        for _ in devices:
            await weighed.acquire()
        for name in ("phone", "tablet"):
            await revoke_device(pushing.stage.accounts, BEN, DeviceId(name))
        await pushing.send()
        await pushing.after()
        assert sum(len(device.pushed) for device in devices) <= 1, "one may be on its way"


async def test_what_quiet_hours_hold_back_beside_what_passes_is_in_the_summary(tmp_path: Path) -> None:
    async with push_stage(tmp_path / "data") as pushing:
        phone = await pushing.subscribe(BEN, "phone")
        group = await pushing.stage.group(ANN, "trip", GroupSettings(), BEN)
        await pushing.follow()
        await pushing.settings(BEN, AccountSettings(quiet_hours=night(pushing)))
        await pushing.say("you, now", ANN, group, BEN)
        await pushing.say("and all of you tomorrow", ANN, group)
        await pushing.after()
        assert [one.payload.get("text") for one in phone.pushed] == ["you, now"]
        await pushing.after(9 * HOURS)
        assert [one.payload["kind"] for one in phone.pushed] == ["message", "summary"]
