"""An answer is the answer for ever, also no: a copy of a command is never decided anew, whatever has changed since."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from tests.support.backstage import DEVICE, Backstage, backstage

from chinwag.adapters.embedded import open_embedded
from chinwag.domain.body import Text
from chinwag.domain.command import (
    RULES_VERSION,
    Action,
    Add,
    Command,
    Decline,
    Join,
    Leave,
    Pass,
    Remove,
    Rules,
    Send,
    SetSettings,
    SetTitle,
    asked,
)
from chinwag.domain.conversation import GroupSettings, SendKey
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, direct_id
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.clock import system_clock
from chinwag.flow.deliver import Deliver
from chinwag.flow.own_commands import acting_for
from chinwag.ports.bus import Answer, Answers, NodeId, Publication, answers_to
from chinwag.ports.log import Submission
from chinwag.ports.message_store import KeyName

ANN, BEN, CYD = AccountId("1"), AccountId("2"), AccountId("3")
PAIR = direct_id(ANN, BEN)
NODE = NodeId("elsewhere")


class Worker:
    """Appends commands as a node does, past what accept would say of them, and takes the answers."""

    def __init__(self, stage: Backstage) -> None:
        self._stage = stage
        self._ref = 0
        self._answers: dict[int, asyncio.Future[Answer]] = {}
        stage.embedded.bus.subscribe(answers_to(NODE), self._take)

    def _take(self, publication: Publication) -> None:
        assert isinstance(publication, Answers)
        for answer in publication.answers:
            self._answers[answer.ref].set_result(answer)

    async def decide(self, command: Command) -> tuple[int, Code | None]:
        """What becomes of a record of it."""
        ((number, refused),) = await self.decide_together([command])
        return number, refused

    async def decide_together(self, commands: Sequence[Command]) -> list[tuple[int, Code | None]]:
        """What becomes of records that lie in the log together."""
        asked_for = []
        for command in commands:
            self._ref += 1
            future = self._answers[self._ref] = asyncio.get_running_loop().create_future()
            asked_for.append(future)
            self._stage.embedded.log.append(Submission(command, NODE, self._ref))
        async with asyncio.timeout(20):
            answers = await asyncio.gather(*asked_for)
        return [(answer.number, answer.refused) for answer in answers]


@asynccontextmanager
async def working(tmp_path: Path) -> AsyncIterator[tuple[Backstage, Worker]]:
    async with backstage(tmp_path / "data") as stage:
        await stage.people(ANN, BEN, CYD)
        yield stage, Worker(stage)


def command(account: AccountId, conversation: ConversationId, action: Action, name: str = "c") -> Command:
    device = acting_for(account) if type(action) is Decline else DEVICE
    now = system_clock()
    return Command(conversation, account, device, ClientId(name), now, action, opening=True, digest=asked(action))


async def key(stage: Backstage, of: Command) -> SendKey | None:
    return (await stage.embedded.message_store.keys([KeyName(of.conversation, of.device, of.id)]))[0]


async def test_a_copy_of_a_block_that_comes_after_it_was_lifted_blocks_nobody(tmp_path: Path) -> None:
    async with working(tmp_path) as (stage, worker):
        assert await stage.write(ANN, BEN) is None
        block, lift = command(BEN, PAIR, Decline(True), "on"), command(BEN, PAIR, Decline(False), "off")
        first = await worker.decide(block)
        assert await worker.decide(lift) == (1, None)
        assert await stage.write(ANN, BEN) is None
        assert await worker.decide(block) == first == (1, None), "the same answer, though there is a message more"
        assert (await stage.state(PAIR)).declining == ()
        assert await stage.write(ANN, BEN) is None


async def test_a_copy_of_a_block_in_one_batch_with_its_lifting_blocks_nobody(tmp_path: Path) -> None:
    async with working(tmp_path) as (stage, worker):
        block, lift = command(BEN, PAIR, Decline(True), "on"), command(BEN, PAIR, Decline(False), "off")
        assert await worker.decide_together([block, lift, block]) == [(0, None)] * 3
        assert (await stage.state(PAIR)).declining == ()


@pytest.mark.parametrize("together", [True, False])
async def test_a_refused_send_is_never_placed_by_a_copy(tmp_path: Path, together: bool) -> None:
    async with working(tmp_path) as (stage, worker):
        assert await stage.write(ANN, BEN) is None
        block, lift = command(BEN, PAIR, Decline(True), "on"), command(BEN, PAIR, Decline(False), "off")
        send = command(ANN, PAIR, Send(Text("let me in")))
        other = command(ANN, PAIR, Send(Text("something else")))
        anew = command(ANN, PAIR, Send(Text("let me in")), "another id")
        all_of_them = [block, send, lift, send, other, anew]
        if together:
            answers = await worker.decide_together(all_of_them)
        else:
            answers = [await worker.decide(one) for one in all_of_them]
        no = (0, Code.RECIPIENT_REFUSES)
        assert answers == [(1, None), no, (1, None), no, (0, Code.ID_REUSED), (2, None)]
        kept = await key(stage, send)
        assert kept is not None
        assert (kept.number, kept.refused) == (0, Code.RECIPIENT_REFUSES)


GROUP_REFUSALS: list[tuple[AccountId, Action, Code]] = [
    (BEN, SetTitle("mine"), Code.NOT_ALLOWED),
    (ANN, SetTitle(""), Code.BAD_TITLE),
    (ANN, Add(BEN), Code.ALREADY_MEMBER),
    (ANN, Send(Text("to nothing"), reply_to=99), Code.BAD_REPLY),
    (CYD, Send(Text("from outside")), Code.NOT_MEMBER),
    (CYD, Join(), Code.GROUP_CLOSED),
]


@pytest.mark.parametrize(("account", "action", "why"), GROUP_REFUSALS)
async def test_what_a_member_or_former_member_is_refused_stays_refused_when_all_has_changed(
    tmp_path: Path, account: AccountId, action: Action, why: Code
) -> None:
    async with working(tmp_path) as (stage, worker):
        group = await stage.group(ANN, "Tea", GroupSettings(), BEN, CYD)
        await stage.do(CYD, group, Leave())
        refused = command(account, group, action)
        assert await worker.decide(refused) == (0, why)
        kept = await key(stage, refused)
        assert kept is not None
        assert kept.refused is why
        # Now everybody may do anything, and there is something to reply to.
        await stage.do(ANN, group, SetSettings(GroupSettings(join="open", invite="members")))
        await stage.do(CYD, group, Join())
        await stage.do(ANN, group, Remove(BEN))
        head = (await stage.state(group)).head
        assert await worker.decide_together([refused, refused]) == [(0, why)] * 2
        assert (await stage.state(group)).head == head


async def test_what_the_log_has_of_a_refusal_is_answered_alike_after_a_worker_began_anew(tmp_path: Path) -> None:
    async with working(tmp_path) as (stage, worker):
        assert await stage.write(ANN, BEN) is None
        send = command(ANN, PAIR, Send(Text("no"), reply_to=7))
        assert await worker.decide(send) == (0, Code.BAD_REPLY)
        before = await key(stage, send)
    async with backstage(tmp_path / "data", epoch=2) as stage:
        for _ in range(7):
            assert await stage.write(ANN, BEN) is None
        assert await Worker(stage).decide(send) == (0, Code.BAD_REPLY)
        assert await key(stage, send) == before


async def test_what_follows_a_refused_send_is_out_of_turn(tmp_path: Path) -> None:
    async with working(tmp_path) as (stage, worker):
        assert await stage.write(ANN, BEN) is None
        first = command(ANN, PAIR, Send(Text("no"), reply_to=7), "first")
        follows = command(ANN, PAIR, Send(Text("then"), after=ClientId("first")), "second")
        out = (0, Code.OUT_OF_TURN)
        assert await worker.decide_together([first, follows]) == [(0, Code.BAD_REPLY), out]
        assert await worker.decide(follows) == out
        assert await key(stage, follows) is None, "it is no answer for ever"


async def test_a_strangers_refusal_leaves_nothing_and_says_nothing_for_ever(tmp_path: Path) -> None:
    async with working(tmp_path) as (stage, worker):
        group = await stage.group(ANN, "Tea", GroupSettings(join="open"), BEN)
        join = command(CYD, group, Join())
        await stage.do(ANN, group, SetSettings(GroupSettings()))
        assert await worker.decide_together([join, join]) == [(0, Code.UNAVAILABLE)] * 2
        assert await key(stage, join) is None
        with pytest.raises(Refused) as refused:  # accept, which looks first, says it for good
            await stage.do(CYD, group, Join())
        assert refused.value.code is Code.GROUP_CLOSED
        accepted = stage.accept.accepted
        with pytest.raises(Refused) as refused:
            await stage.do(CYD, group, Send(Text("hello")))
        assert refused.value.code is Code.NO_CONVERSATION
        assert stage.accept.accepted == accepted


async def test_a_refusal_before_a_conversation_begins_leaves_nothing(tmp_path: Path) -> None:
    async with working(tmp_path) as (stage, worker):
        send = command(ANN, PAIR, Send(Text("first"), reply_to=1))
        assert await worker.decide(send) == (0, Code.UNAVAILABLE)
        assert await key(stage, send) is None
        with pytest.raises(Refused) as refused:
            await stage.do(ANN, PAIR, Send(Text("first"), reply_to=1))
        assert refused.value.code is Code.BAD_REPLY


async def test_what_the_directory_refuses_a_member_stays_refused(tmp_path: Path) -> None:
    async with working(tmp_path) as (stage, _):
        group = await stage.group(ANN, "Tea", GroupSettings(), BEN)
        add = Add(AccountId("4"))
        for made in (False, True):
            if made:
                await stage.people("4")
            with pytest.raises(Refused) as refused:
                await stage.do(ANN, group, add, "the same")
            assert refused.value.code is Code.NO_ACCOUNT
        await stage.do(ANN, group, add, "another")
        assert AccountId("4") in (await stage.state(group)).members


async def test_a_refusal_goes_with_its_account(tmp_path: Path) -> None:
    async with working(tmp_path) as (stage, worker):
        assert await stage.write(ANN, BEN) is None
        block = command(BEN, PAIR, Decline(True), "on")
        mine = command(ANN, PAIR, Send(Text("no"), reply_to=7))
        theirs = msgspec.structs.replace(mine, account=BEN, device=DeviceId("of Ben"))
        await worker.decide_together([mine, theirs, block])
        await stage.embedded.message_store.forget(BEN, [DeviceId("of Ben"), acting_for(BEN)])
        assert [await key(stage, one) is None for one in (mine, theirs, block)] == [False, True, True]


async def test_a_record_that_came_too_late_is_not_applied(tmp_path: Path) -> None:
    async with working(tmp_path) as (stage, worker):
        assert await stage.write(ANN, BEN) is None
        fresh = command(ANN, PAIR, Send(Text("fresh")))
        assert await worker.decide(fresh) == (2, None)
        late = msgspec.structs.replace(command(ANN, PAIR, Send(Text("late")), "late"), at=system_clock() - 21_000)
        assert await worker.decide(late) == (0, Code.UNAVAILABLE)
        assert await key(stage, late) is None
        # What has its answer keeps it.
        assert await worker.decide(msgspec.structs.replace(fresh, at=late.at)) == (2, None)
        assert (await stage.state(PAIR)).head == 2


async def test_a_command_that_asks_for_nothing_leaves_nothing(tmp_path: Path) -> None:
    async with working(tmp_path) as (stage, worker):
        assert await worker.decide(command(ANN, PAIR, Pass())) == (0, None)
        assert (await stage.embedded.message_store.states([PAIR])) == [None]
        assert await stage.write(ANN, BEN) is None
        passing = command(ANN, PAIR, Pass())
        assert await worker.decide_together([command(ANN, PAIR, Send(Text("x")), "x"), passing]) == [(2, None)] * 2
        assert await key(stage, passing) is None


async def test_rules_of_a_newer_version_end_the_worker_and_nothing_is_set_aside(tmp_path: Path) -> None:
    embedded = await open_embedded(tmp_path)
    given_up: list[int] = []
    worker = Deliver(0, embedded.log, embedded.message_store, embedded.bus, given_up.append)
    known = command(ANN, PAIR, Send(Text("of these rules")), "known")
    newer = msgspec.structs.replace(
        command(ANN, PAIR, Send(Text("of later ones")), "newer"), rules=Rules(RULES_VERSION + 1)
    )
    for ref, one in enumerate((known, newer, known)):
        embedded.log.append(Submission(one, NODE, ref))
    async with asyncio.timeout(20):
        await worker.run()
    assert given_up == [0]
    assert (worker.figures.placed, worker.figures.poison) == (1, 0)
    waiting = [one.command.id for one in embedded.log.held(0)]
    assert waiting == ["newer", "known"], "they wait for a newer worker"
    await embedded.close()
