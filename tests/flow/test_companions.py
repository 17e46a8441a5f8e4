"""Whatever batches workers make of a log, the rows of who is told of whom say what the states say."""

import random
from collections.abc import Sequence

import msgspec
import pytest

from chinwag.adapters import stored
from chinwag.adapters.cassandra.companion_rows import companion_changes
from chinwag.adapters.cassandra.stamps import stamp_of
from chinwag.domain.body import Text
from chinwag.domain.command import Action, Add, Command, Create, Decline, Leave, Remove, Rules, Send, SetTitle
from chinwag.domain.conversation import Conversation, GroupSettings, Position, SendKey, companions
from chinwag.domain.decide import Noted, Numbered, decide
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, direct_id, group_id
from chinwag.flow.draft import Draft
from chinwag.ports.message_store import Commit, KeyName

PEOPLE = [AccountId(str(number)) for number in range(1, 6)]
ANN, BEN = PEOPLE[:2]
GROUP, PAIR = group_id("1"), direct_id(ANN, BEN)
T = 1_800_000_000_000


def any_group(chance: random.Random) -> tuple[AccountId, Action]:
    who, other = chance.choice(PEOPLE), chance.choice(PEOPLE)
    actions: list[Action] = [Add(other), Add(other), Remove(other), Leave(), Send(Text("x")), SetTitle("t")]
    return who, chance.choice(actions)


def any_direct(chance: random.Random) -> tuple[AccountId, Action]:
    actions: list[Action] = [Send(Text("x")), Decline(on=True), Decline(on=False)]
    return chance.choice((ANN, BEN)), chance.choice(actions)


def commit(before: Conversation | None, commands: Sequence[Command], first: int) -> Commit | None:
    """What a worker makes of these, as one batch: the same steps as in `flow/deliver.py`."""
    draft, state = None, before
    for number, command in enumerate(commands, first + 1):
        position = Position(1, number, 0)
        decision = decide(state, command, position)
        if not isinstance(decision, Numbered | Noted):
            continue
        draft = draft or Draft(decision.state)
        name, key = KeyName(command.conversation, command.device, command.id), SendKey(position, 0, T)
        if isinstance(decision, Numbered):
            draft.place(decision, name, key)
            if decision.spans:
                draft.regroup(state)
        else:
            draft.keep(decision.state, name, key)
            draft.regroup(state)
        state = decision.state
    return None if draft is None else draft.commit()


@pytest.mark.parametrize("seed", range(60))
def test_rows_agree_with_states_after_crashes_whatever_the_batches_were(seed: int) -> None:
    chance = random.Random(seed)
    group = chance.random() < 0.7
    conversation = GROUP if group else PAIR
    asked = [any_group(chance) if group else any_direct(chance) for _ in range(40)]
    if group:
        asked.insert(0, (ANN, Create("tea", tuple(PEOPLE[:3]), GroupSettings(invite="members"))))
    commands = [
        Command(
            ConversationId(conversation), who, DeviceId("d"), ClientId(f"c{n}"), T, what, Rules(group_members=4), True
        )
        for n, (who, what) in enumerate(asked)
    ]
    rows = Rows()
    state: Conversation | None = None
    done = 0
    while done < len(commands):
        some = commands[done : done + chance.randint(1, 8)]
        made = commit(state, some, done)
        if made is not None:
            rows.write(made)
            if chance.random() < 0.4:
                continue  # it ends before the state is written: whoever comes next makes other batches of the same
            state = made.state
        done += len(some)
    assert state is not None
    told = companions(state)
    for person in PEOPLE:
        assert rows.of(person) == (told if person in told else ()), person


class Rows:
    """As the table merges them: of each name, what has the highest timestamp."""

    def __init__(self) -> None:
        self._rows: dict[object, tuple[int, bytes]] = {}

    def write(self, made: Commit) -> None:
        at = stamp_of(made.state.applied)
        for _, (account, _, among, _) in companion_changes(made, b"c", at):
            assert isinstance(among, bytes)
            held = self._rows.get(account, (0, b""))
            assert held[0] != at or held[1] == among, "of one timestamp they are the same"
            if at > held[0]:
                self._rows[account] = at, among

    def of(self, account: AccountId) -> tuple[AccountId, ...]:
        """Whom it names."""
        held = self._rows.get(account.encode())
        return () if held is None else msgspec.msgpack.decode(stored.opened(held[1]), type=tuple[AccountId, ...])
