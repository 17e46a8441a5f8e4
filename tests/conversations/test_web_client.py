"""The web client's rules for kept state, under every scripted conversation: what it keeps by events equals what it
loads afresh (P11), and what the Python client keeps of the same."""

import itertools
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import msgspec
import pytest
from prove.held import Held
from prove.process import ServerProcess
from tests.conversations.notation import Script
from tests.conversations.scripts import SCRIPTS
from tests.conversations.sentences import LANGUAGE
from tests.conversations.stage import Stage
from tests.support import device as device_module
from tests.support import held as held_module
from tests.support.places import AtHand, Sockets
from tests.support.transports import WEBSOCKET

from chinwag.assembly import Server
from chinwag.client.comparable import Comparable
from chinwag.client.events import Unknown
from chinwag.client.membership import Member, Mirrored
from chinwag.client.mirror import Mirror
from chinwag.wire.conversations import ConversationView
from chinwag.wire.large import GroupHead
from chinwag.wire.values import AccountEvent, AccountId, ConversationId, Event, GroupSettings, Role

ROOT: Final = Path(__file__).parents[2]
WEB: Final = ROOT / "tools" / "web.sh"


class Rules:
    """The client's rules in a process of their own: asked, and answering, a line at a time."""

    def __init__(self, built: Path) -> None:
        command = f"exec node {ROOT}/web/tests/kept/mirror.js {built}/index.js"
        self._process = subprocess.Popen(
            [str(WEB), "npm", "exec", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, **wish: object) -> Any:
        """One act, and what it gives."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(wish) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"the rules ended with {self._process.wait()} at {wish}"
        return json.loads(answer)

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(30) == 0


class RuledMirror(Mirror):
    """A mirror whose state the web client's rules make; a Python one beside it must come to the same."""

    numbers = itertools.count()

    def __init__(self, account: AccountId, rules: Rules) -> None:
        self._rules = rules
        self._number = next(self.numbers)
        self._all: list[Any] | None = None
        super().__init__(account)
        self._beside = Mirror(account)

    @property
    def conversations(self) -> dict[ConversationId, Mirrored]:
        """As the rules have them."""
        if self._all is None:  # asked for once after each change: the loop waits for the answer
            self._all = self._ask("all")
        return {one["id"]: _mirrored(one) for one in self._all}

    @conversations.setter
    def conversations(self, value: dict[ConversationId, Mirrored]) -> None:
        assert not value

    def put(self, view: ConversationView) -> Mirrored:
        self._beside.put(view)
        self._ask("view", view=json.loads(msgspec.json.encode(view)))
        return self.conversations[view.id]

    def drop(self, conversation: ConversationId) -> None:
        self._beside.drop(conversation)
        self._ask("drop", conversation=conversation)

    def clear(self) -> None:
        self._beside.clear()
        self._ask("clear")

    def apply(self, event: Event | Unknown) -> ConversationId | None:
        beside = self._beside.apply(event)
        if isinstance(event, AccountEvent):
            return None
        raw = event.raw if isinstance(event, Unknown) else msgspec.json.encode(event)
        missing = self._ask("event", event=json.loads(raw), me=self.account)
        if missing is None and beside is not None and self._is_aside(beside):
            # The web client takes what concerns oneself at once, and what lies before it when somebody opens the group.
            return beside
        assert missing == beside, f"{missing} instead of {beside} for {event}"
        return cast("ConversationId | None", missing)

    def _is_aside(self, conversation: ConversationId) -> bool:
        held = self._beside.conversations.get(conversation)
        return held is not None and held.large

    def moved(self, told: GroupHead) -> Mirrored | None:
        self._ask("moved", told=msgspec.to_builtins(told))
        return self._beside.moved(told)

    def skip(self, conversation: ConversationId, number: int) -> None:
        self._beside.skip(conversation, number)
        self._ask("skip", conversation=conversation, number=number)

    def comparable(self, own_numbers: Any) -> dict[ConversationId, Comparable]:
        beside = self._beside.comparable(own_numbers)
        mine = super().comparable(own_numbers)
        assert mine == beside
        return mine

    def _ask(self, act: str, **wish: object) -> Any:
        answer = self._rules.ask(act=act, mirror=self._number, **wish)
        self._all = answer if act == "all" else None
        return answer


def _mirrored(kept: dict[str, Any]) -> Mirrored:
    last = kept["last"]
    return Mirrored(
        id=kept["id"],
        kind=kept["kind"],
        role=None if kept["role"] is None else Role(kept["role"]),
        title=kept["title"],
        settings=msgspec.convert(kept["settings"], GroupSettings),
        members={
            one["account"]: Member(Role(one["role"]), one["read"], one["delivered"], one["read_at"])
            for one in kept["members"]
        },
        first=kept["first"],
        head=kept["head"],
        ordinal=kept["ordinal"],
        at=kept["at"],
        read=kept["read"],
        # the unread count as the rules reckon it, so that it is theirs that is compared
        read_ordinal=kept["ordinal"] - kept["unread"],
        last=None if last is None else Unknown(number=last["number"]),
        mentions=set(kept["mentions"]),
        pins=kept["pins"],
        wide=kept.get("wide", False),
        large=kept.get("large", False),
        count=kept["memberCount"] if kept.get("wide") else 0,
    )


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rules]:
    """The client, built as it is packed."""
    built = tmp_path_factory.mktemp("client")
    (built / "package.json").write_text('{"type": "module"}')
    for arguments in (["run", "types"], ["exec", "--", "tsc", "-p", "src/lib/client", "--outDir", str(built)]):
        done = subprocess.run([str(WEB), "npm", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    rules = Rules(built)
    yield rules
    rules.close()


@pytest.fixture
def ruled(rules: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices, and what is loaded afresh for them, keep by the web client's rules."""

    def held(account: AccountId) -> Held:
        return Held(account, RuledMirror(account, rules))

    monkeypatch.setattr(device_module, "Held", held)
    monkeypatch.setattr(held_module, "Held", held)


def _each(*, at_hand: bool, large: bool = False) -> pytest.MarkDecorator:
    scripts = [script for script in SCRIPTS if script.at_hand is at_hand and script.large is large]
    return pytest.mark.parametrize("kept", scripts, ids=lambda script: script.name)


@pytest.mark.usefixtures("ruled")
@_each(at_hand=False)
@pytest.mark.asyncio(loop_scope="session")
async def test_the_web_client_keeps_what_it_would_load(kept: Script, shared_process: ServerProcess) -> None:
    await _play(kept, Sockets(shared_process, WEBSOCKET))


@pytest.mark.usefixtures("ruled")
@_each(at_hand=True)
async def test_the_web_client_keeps_what_it_would_load_at_hand(kept: Script, at_hand: AtHand) -> None:
    await _play(kept, Sockets(at_hand, WEBSOCKET), at_hand.server)


@pytest.mark.usefixtures("ruled")
@_each(at_hand=True, large=True)
@pytest.mark.asyncio(loop_scope="session")
async def test_the_web_client_keeps_what_it_would_load_of_large_groups(kept: Script, with_large_groups: AtHand) -> None:
    await _play(kept, Sockets(with_large_groups, WEBSOCKET), with_large_groups.server)


async def _play(script: Script, place: Sockets, server: Server | None = None) -> None:
    stage = Stage(place, server)
    try:
        await stage.play(script, LANGUAGE.acts)
    finally:
        await stage.close()
        await place.close()
