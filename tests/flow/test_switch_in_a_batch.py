"""A group is delivered otherwise in the midst of a batch: each event goes to whom it should by its own number."""

import asyncio
from pathlib import Path

from tests.flow.test_wide_readers import wide
from tests.support.backstage import Backstage

from chinwag.domain.body import Text
from chinwag.domain.command import Action, Command, Deliver, Rules, Send, asked
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.flow.clock import system_clock
from chinwag.flow.own_commands import SERVER
from chinwag.ports.bus import Answer, Answers, NodeId, Publication, answers_to
from chinwag.ports.inbox import Run
from chinwag.ports.log import Submission

NODE = NodeId("batch")
RULES = Rules(group_members=4, large_group_members=20, wide_above=4, large_above=7)


async def in_one_batch(stage: Backstage, group: ConversationId, *asked_for: tuple[str, Action]) -> list[Answer]:
    """Have all of it decided and committed together; the answers, in that order."""
    loop = asyncio.get_running_loop()
    waiting: list[asyncio.Future[Answer]] = [loop.create_future() for _ in asked_for]

    def answered(publication: Publication) -> None:
        assert isinstance(publication, Answers)
        for answer in publication.answers:
            waiting[answer.ref].set_result(answer)

    (worker,) = stage._delivery.workers
    batches, stop = worker.figures.batches, stage.embedded.bus.subscribe(answers_to(NODE), answered)
    for ref, (account, action) in enumerate(asked_for):
        id_ = ClientId(stage.ids.next(system_clock()))
        whose = AccountId(account), DeviceId(f"batch {account}")
        command = Command(group, *whose, id_, system_clock(), action, RULES, digest=asked(action))
        stage.embedded.log.append(Submission(command, NODE, ref))
    async with asyncio.timeout(60):
        answers = await asyncio.gather(*waiting)
    stop()
    assert worker.figures.batches == batches + 1
    return list(answers)


async def copied(stage: Backstage, group: ConversationId, account: str, above: int) -> list[int]:
    """The numbers of the group above one that are in an inbox."""
    page = await stage.embedded.inbox.read(AccountId(account), 0, 1_000)
    runs = [one for one in page.entries if isinstance(one, Run) and one.conversation == group]
    return [number for run in runs for number in range(run.first, run.first + run.count) if number > above]


async def test_what_stands_before_the_notice_goes_to_all_and_what_stands_behind_it_to_few(tmp_path: Path) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        head = (await stage.state(tea)).head
        answers = await in_one_batch(
            stage,
            tea,
            ("3", Send(Text("to all"))),
            (SERVER, Deliver(large=True)),
            ("1", Send(Text("for one", (AccountId("4"),)))),
            ("5", Send(Text("for nobody"))),
        )
        assert [(one.number, one.refused) for one in answers] == [(head + at, None) for at in range(1, 5)]
        both, third, fourth = [head + 1, head + 2], head + 3, head + 4
        expected = {"1": [third], "2": [], "3": [], "4": [third], "5": [fourth]}
        for account, own in expected.items():
            assert await copied(stage, tea, account, head) == both + own, account


async def test_what_stands_before_the_notice_goes_to_few_and_what_stands_behind_it_to_all(tmp_path: Path) -> None:
    async with wide(tmp_path / "data") as (stage, tea):
        await in_one_batch(stage, tea, (SERVER, Deliver(large=True)))
        head = (await stage.state(tea)).head
        answers = await in_one_batch(
            stage,
            tea,
            ("3", Send(Text("for who asks"))),
            (SERVER, Deliver(large=False)),
            ("1", Send(Text("to all"))),
            (SERVER, Deliver(large=True)),
            ("2", Send(Text("for who asks again"))),
        )
        assert [(one.number, one.refused) for one in answers] == [(head + at, None) for at in range(1, 6)]
        for account in ("1", "2", "3", "4", "5"):
            own = [head + 1] if account == "3" else []
            last = [head + 5] if account == "2" else []
            assert await copied(stage, tea, account, head) == [*own, head + 2, head + 3, head + 4, *last], account
