"""A closed account leaves its large groups, however many, and they go on without it."""

import json
from pathlib import Path

import msgspec
import pytest
from tests.flow.test_erase_flow import ANN, BEN, CLO, erasing, left, settled
from tests.flow.test_wide_readers import RULES, wide
from tests.support.backstage import Backstage, backstage

from chinwag.domain.command import Command, Join, Leave
from chinwag.domain.conversation import Conversation, GroupSettings, Member, Role, Span
from chinwag.domain.export import ConversationLine, EventLine, Line, MembersLine
from chinwag.domain.ids import AccountId, ConversationId, group_id
from chinwag.domain.member_row import MemberRow, Stay
from chinwag.domain.refusal import Code, Refused
from chinwag.flow import membership_of
from chinwag.flow.accounts.close_account import close_account_of
from chinwag.flow.clock import system_clock
from chinwag.flow.export import Export
from chinwag.flow.large.heirs import Heirs
from chinwag.flow.own_commands import OwnCommands
from chinwag.ports.message_store import Commit

MANY = 500


def made(name: str, *members: AccountId) -> Commit:
    """A large group of these as if they had come one after the other; the first owns it."""
    group = group_id(name)
    state = Conversation(
        group,
        False,
        {members[0]: Member(Role.OWNER, 1)},
        head=len(members),
        at=system_clock(),
        title="All of us",
        settings=GroupSettings(join="open", large=True),
        shown=1,
        wide=True,
        count=len(members),
        large=True,
        reads_most=1,
    )
    return Commit(
        state,
        [],
        [],
        [],
        [Span(one, group, 1) for one in members],
        people=[(one, MemberRow((Stay(number, 0, 1),))) for number, one in enumerate(members, 1)],
        joinings=[(number, one, 0) for number, one in enumerate(members, 1)],
        widens=True,
    )


async def states(stage: Backstage, names: list[ConversationId]) -> list[Conversation]:
    found = await stage.embedded.message_store.states(names)
    return [one for one in found if one is not None]


async def test_the_owner_of_five_large_groups_leaves_them_to_who_came_next(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data", rules=RULES) as stage:
        await stage.people("1", "2", "3", "4")
        store = stage.embedded.message_store
        commits = [made(f"5{one}", ANN, *((BEN, CLO) if one % 2 else (CLO, BEN))) for one in range(5)]
        await store.commit(commits)
        names = [one.state.id for one in commits]
        await close_account_of(stage.accounts, ANN)
        erase, stop = erasing(stage)
        await settled(stage)
        assert await erase.empty_some() == 1
        assert [(one.members, one.count) for one in await states(stage, names)] == [({}, 2)] * 5
        await stage.do("4", names[0], Join())  # nobody owns it, and people come and go
        heirs = Heirs(store, stage.own, system_clock)
        await heirs.step()
        owners = [{one: held.role for one, held in state.members.items()} for state in await states(stage, names)]
        assert owners == [{CLO if one % 2 == 0 else BEN: Role.OWNER} for one in range(5)]
        assert await erase.keep_house(system_clock()) == 1
        assert await left(stage) == []
        assert await store.memberships(ANN) == []
        assert await store.people([(one, ANN) for one in names]) == [None] * 5
        stop()


async def test_the_last_one_to_close_leaves_a_group_to_nobody(tmp_path: Path) -> None:
    async with backstage(tmp_path / "data", rules=RULES) as stage:
        await stage.people("1", "4")
        await stage.embedded.message_store.commit([made("51", ANN)])
        await stage.do("1", group_id("51"), Leave())
        heirs = Heirs(stage.embedded.message_store, stage.own, system_clock)
        await heirs.step()
        (state,) = await states(stage, [group_id("51")])
        assert (state.abandoned, heirs.found) == (True, 0)
        with pytest.raises(Refused) as refused:
            await stage.do("4", group_id("51"), Join())
        assert refused.value.code is Code.GROUP_CLOSED


async def test_hundreds_of_large_groups_are_left_some_at_a_time_and_on_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    ask = OwnCommands.ask

    async def counted(self: OwnCommands, commands: list[Command]) -> list[Code | None]:
        asked.append(len(commands))
        if len(asked) == 3:
            raise Refused(Code.UNAVAILABLE, "the test says so")
        return await ask(self, commands)

    async with backstage(tmp_path / "data", rules=RULES) as stage:
        await stage.people("1", "2")
        commits = [made(f"{600 + one}", BEN, ANN) for one in range(MANY)]
        await stage.embedded.message_store.commit(commits)
        names = [one.state.id for one in commits]
        await close_account_of(stage.accounts, ANN)
        await settled(stage)
        monkeypatch.setattr(OwnCommands, "ask", counted)
        erase, stop = erasing(stage)
        with pytest.raises(Refused):
            await erase.empty_some()
        stop()
    async with backstage(tmp_path / "data", 2, RULES) as stage:  # as after a crash there
        counts = [one.count for one in await states(stage, names)]
        assert (counts.count(1), counts.count(2)) == (200, MANY - 200)
        erase, stop = erasing(stage)
        assert await erase.empty_some() == 1
        assert {one.count for one in await states(stage, names)} == {1}
        assert asked == [100, 100, 100, 100, 100, 100]
        stop()


async def exported(stage: Backstage, account: AccountId | None = None) -> list[Line]:
    stores = stage.embedded
    export = Export(
        stage.directory, stores.message_store, stores.mark_store, stores.inbox, version="1", at=0, tell=lambda _: None
    )
    return [line async for line in (export.of_account(account) if account else export.of_everything())]


async def test_a_wide_group_is_exported_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(membership_of, "TOGETHER", 2)
    async with wide(tmp_path / "data", members=7) as (stage, group):
        await stage.do("6", group, Leave())
        lines = await exported(stage)
        conversations = [line for line in lines if isinstance(line, ConversationLine)]
        pieces = [line for line in lines if isinstance(line, MembersLine)]
        assert [(one.id, one.members, one.head) for one in conversations] == [(group, [], 7)]
        assert max(len(one.members) for one in pieces) <= 2
        told = [(member.account, member.role) for one in pieces for member in one.members]
        assert told == [
            ("1", Role.OWNER),
            ("2", Role.ADMIN),
            *((str(one), Role.MEMBER) for one in (3, 4, 5, 7)),
        ]
        assert sum(isinstance(line, EventLine) for line in lines) == 7
        read = [json.loads(msgspec.json.encode(line)) for line in pieces]
        assert {one["type"] for one in read} == {"members"}
        own = await exported(stage, AccountId("7"))
        (line,) = [line for line in own if isinstance(line, ConversationLine)]
        assert ([one.account for one in line.members], line.role) == (["1", "2"], Role.MEMBER)
        assert not [line for line in own if isinstance(line, MembersLine)]
