"""The contract of the `Questions` port, over every adapter."""

import asyncio
from typing import Any

import msgspec
import pytest
import structlog
from tests.contract.harness import ANN, BEN

from chinwag.domain.ids import ConversationId, DeviceId
from chinwag.domain.presence import DeviceAt, PresenceOf
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.tracing import SessionAt
from chinwag.ports.bus import NodeId
from chinwag.ports.questions import (
    QUESTIONS,
    UNDER_WAY,
    DevicesOnline,
    FollowersHere,
    Question,
    Questions,
    SessionsHere,
    WhoIsOnline,
    answer_type,
)

ONE, TWO = NodeId("n1"), NodeId("n2")


async def nobody(_: DevicesOnline) -> list[DeviceAt]:
    return []


async def for_ever(_: Any) -> list[Any]:
    return list(await asyncio.get_running_loop().create_future())


async def test_the_node_that_is_asked_answers(questions: Questions) -> None:
    def at(node: NodeId) -> Any:
        async def answer(question: DevicesOnline) -> list[DeviceAt]:
            return [DeviceAt(DeviceId(f"of {question.account}"), node, 7)]

        return answer

    questions.answer(ONE, DevicesOnline, at(ONE))
    questions.answer(TWO, DevicesOnline, at(TWO))
    assert await questions.ask(TWO, DevicesOnline(ANN)) == [DeviceAt(DeviceId("of 1"), "n2", 7)]
    assert await questions.ask(ONE, DevicesOnline(BEN)) == [DeviceAt(DeviceId("of 2"), "n1", 7)]


async def test_a_node_that_is_not_there_is_unavailable(questions: Questions) -> None:
    stop = questions.answer(ONE, DevicesOnline, nobody)
    unanswered: list[tuple[NodeId, Question[Any]]] = [(TWO, DevicesOnline(ANN)), (ONE, SessionsHere(ANN))]
    for node, question in unanswered:
        with pytest.raises(Refused) as refused:
            await questions.ask(node, question)
        assert refused.value.code is Code.UNAVAILABLE
    stop()
    stop()
    with pytest.raises(Refused) as refused:
        await questions.ask(ONE, DevicesOnline(ANN))
    assert refused.value.code is Code.UNAVAILABLE
    questions.answer(ONE, DevicesOnline, nobody)
    assert await questions.ask(ONE, DevicesOnline(ANN)) == []


async def test_whoever_is_asked_and_never_answers_is_unavailable_and_keeps_nobody_waiting(questions: Questions) -> None:
    questions.answer(ONE, SessionsHere, for_ever)
    questions.answer(ONE, DevicesOnline, nobody)
    waiting = asyncio.create_task(questions.ask(ONE, SessionsHere(ANN)))
    await asyncio.sleep(0)
    assert await questions.ask(ONE, DevicesOnline(ANN)) == []
    assert not waiting.done()
    with pytest.raises(Refused) as refused:
        await waiting
    assert refused.value.code is Code.UNAVAILABLE


async def test_one_that_will_not_be_cancelled_keeps_nobody_waiting(questions: Questions) -> None:
    let_go = asyncio.Event()

    async def stubborn(_: SessionsHere) -> list[SessionAt]:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue
        return []

    questions.answer(ONE, SessionsHere, stubborn)
    with pytest.raises(Refused) as refused:
        await questions.ask(ONE, SessionsHere(ANN))
    assert refused.value.code is Code.UNAVAILABLE
    let_go.set()


async def test_a_refusal_comes_as_it_is_and_a_mistake_as_internal(questions: Questions) -> None:
    async def refusing(question: WhoIsOnline) -> list[PresenceOf]:
        if question.accounts:
            raise Refused(Code.TOO_MANY, "at most 0 accounts", 3.0)
        raise LookupError("secret")

    questions.answer(ONE, WhoIsOnline, refusing)
    with pytest.raises(Refused) as refused:
        await questions.ask(ONE, WhoIsOnline(ANN, (BEN,)))
    code, detail, after = refused.value.code, refused.value.detail, refused.value.retry_after
    assert (code, detail, after) == (Code.TOO_MANY, "at most 0 accounts", 3.0)
    with structlog.testing.capture_logs() as logged, pytest.raises(Refused) as refused:
        await questions.ask(ONE, WhoIsOnline(ANN, ()))
    assert (refused.value.code, refused.value.detail) == (Code.INTERNAL, "")
    assert [line["question"] for line in logged] == ["WhoIsOnline"]


async def test_questions_under_way_are_bounded_and_one_given_up_makes_room(questions: Questions) -> None:
    questions.answer(ONE, SessionsHere, for_ever)
    questions.answer(ONE, DevicesOnline, nobody)
    waiting = [asyncio.create_task(questions.ask(ONE, SessionsHere(ANN))) for _ in range(UNDER_WAY)]
    await asyncio.sleep(0)
    with pytest.raises(Refused) as refused:
        await questions.ask(ONE, DevicesOnline(ANN))
    assert refused.value.code is Code.OVERLOADED
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.sleep(0)
    assert await questions.ask(ONE, DevicesOnline(ANN)) == []


async def test_a_node_has_one_answerer_for_each_kind(questions: Questions) -> None:
    questions.answer(ONE, DevicesOnline, nobody)
    with pytest.raises(ValueError, match="answerer"):
        questions.answer(ONE, DevicesOnline, nobody)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (WhoIsOnline(ANN, (BEN,)), [PresenceOf(BEN, True, 5)]),
        (DevicesOnline(ANN), [DeviceAt(DeviceId("d"), "n1", 5)]),
        (SessionsHere(ANN), [SessionAt("n1.1", "d", 5)]),
        (FollowersHere(ConversationId("g~1")), 3),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_question_and_its_answer_can_be_sent(question: Question[Any], answer: Any) -> None:
    assert type(question) in QUESTIONS
    assert msgspec.json.decode(msgspec.json.encode(question), type=type(question)) == question
    assert msgspec.json.decode(msgspec.json.encode(answer), type=answer_type(type(question))) == answer
