"""Faults that the tests of pushes must catch, each as a change of what the server does."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from tests.flow import test_push_answers as answers
from tests.flow import test_push_flow as flow
from tests.support.push_receiver import Say

from chinwag.adapters.relational import devices
from chinwag.adapters.relational.schema import refresh_tokens
from chinwag.domain import push
from chinwag.flow.as_read import content
from chinwag.flow.push import asked, follow, said, send
from chinwag.flow.push.weigh import Weigh


def pushed_after_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks whether a message was read before its push goes."""
    monkeypatch.setattr(said, "read_up_to", lambda _mark, _member: (0, 0))


def text_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A push says what its message said when it was placed."""
    kept: dict[tuple[str, int], bytes] = {}
    now = content

    def keep(row: Any) -> bytes:
        said = now(row)
        event = msgspec.json.decode(said)
        return kept.setdefault((event["conversation"], event["number"]), said)

    monkeypatch.setattr(follow, "content", keep)
    monkeypatch.setattr(said, "content", keep)


def kept_after_revoke(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that is revoked goes on being pushed to."""
    monkeypatch.setattr(devices, "push_subscriptions", refresh_tokens)
    monkeypatch.setattr(devices, "push_jobs", refresh_tokens)


def looked_up_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose device it is, is read before it is asked who is connected."""
    weighed = Weigh.__call__

    async def early(self: Weigh, jobs: Any) -> Any:
        async with self._directory.reading() as directory:
            known = await asked._known(directory, jobs, await said.said(self._store, self._marks, jobs, self._clock()))

        async def as_before(*_given: Any) -> Any:
            return known

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(asked, "_known", as_before)
            return await weighed(self, jobs)

    monkeypatch.setattr(Weigh, "__call__", early)


def never_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was deleted stays on the devices that show it."""
    monkeypatch.setattr(said, "is_gone", lambda _event: False)


def no_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job is anybody's while it is being sent."""
    monkeypatch.setattr(send, "LEASE_MS", 0)


def tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that fails is asked again and again."""
    monkeypatch.setattr(send, "again_at", lambda _attempt, _after, now: now + 1_000)
    monkeypatch.setattr(send, "ATTEMPTS", 1_000)


def muted_by_a_tab(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has a tab open is pushed nothing."""
    asked = push.wait_until
    monkeypatch.setattr(push, "wait_until", lambda *given: 0 if asked(*given) == 0 and not given[2] else None)


async def fourth(folder: Path) -> None:
    await answers.test_a_fourth_attempt_is_never_made_and_the_next_message_begins_anew(folder, Say(500))


Test = Callable[..., Awaitable[None]]
PLANTS: Final[dict[str, tuple[Callable[[pytest.MonkeyPatch], None], Test]]] = {
    "push after read": (pushed_after_read, flow.test_what_was_read_meanwhile_is_not_pushed),
    "text of a deleted message in a push": (text_kept, flow.test_a_deleted_text_is_in_no_push),
    "subscription kept after revoke": (kept_after_revoke, flow.test_a_revoked_device_is_pushed_nothing),
    "subscription looked up too early": (
        looked_up_before,
        flow.test_a_device_that_is_revoked_while_its_push_is_weighed_is_pushed_nothing,
    ),
    "a deleted message stays shown": (never_taken_back, flow.test_a_push_is_taken_back_once_it_is_deleted),
    "no lease": (no_lease, answers.test_two_readers_and_two_senders_push_once),
    "a fourth attempt": (tried_for_ever, fourth),
    "a tab silences a phone": (muted_by_a_tab, flow.test_a_tab_that_stays_open_silences_a_phone_for_half_a_minute),
}


@pytest.mark.parametrize("name", list(PLANTS))
async def test_a_fault_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    plant, test = PLANTS[name]
    await test(tmp_path / "right")
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        await test(tmp_path / "wrong")
