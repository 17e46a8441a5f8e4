"""One question to one node, by request and reply over core NATS.

All that is asked of a node comes on one subject, so that "nobody waits any longer" is never heard before its question.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import structlog
from nats.aio.msg import Msg

from chinwag.adapters.answering import Answerer, answered
from chinwag.adapters.nats.connection import PAYLOAD_LEAST, NatsConnection
from chinwag.adapters.plain_token import token
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.bus import NodeId
from chinwag.ports.questions import ANSWER_SECONDS, UNDER_WAY, AnswerT, Question, Questions, answer_type

ANSWER_BYTES: Final = PAYLOAD_LEAST - 1024
"""The longest answer."""

_log = structlog.get_logger(__name__)


class _Ask(msgspec.Struct, frozen=True, tag="ask"):
    """A question of the kind `kind`, called `name` by whoever waits for the answer."""

    name: str
    kind: str
    question: msgspec.Raw


class _GivenUp(msgspec.Struct, frozen=True, tag="given_up"):
    """Nobody waits any longer for the answer to `name`."""

    name: str


class _Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    answer: msgspec.Raw = msgspec.Raw(b"")
    refused: Code | None = None
    detail: str = ""
    retry_after: float | None = None


class NatsQuestions(Questions):
    """The questions of one process, and those to its nodes. seconds: how long a question waits for its answer."""

    def __init__(self, connection: NatsConnection, seconds: float = ANSWER_SECONDS) -> None:
        self._connection = connection
        self._seconds = seconds
        self._prefix = secrets.token_hex(8)
        self._asked = 0
        self._under_way = 0
        self._nodes: dict[NodeId, _Node] = {}

    async def ask(self, node: NodeId, question: Question[AnswerT]) -> AnswerT:
        if self._under_way >= UNDER_WAY:
            raise Refused(Code.OVERLOADED)
        self._under_way += 1
        self._asked += 1
        name = f"{self._prefix}-{self._asked}"
        ask = _Ask(name, _kind(type(question)), msgspec.Raw(msgspec.msgpack.encode(question)))
        said = b""
        try:
            said = await self._connection.request(_subject(node), msgspec.msgpack.encode(ask), self._seconds)
        finally:
            self._under_way -= 1
            if not said:
                self._connection.publish(_subject(node), msgspec.msgpack.encode(_GivenUp(name)))
        return _read(said, type(question))

    def answer(
        self,
        node: NodeId,
        kind: type[Question[AnswerT]],
        answerer: Callable[[Any], Awaitable[AnswerT]],
    ) -> Callable[[], None]:
        here = self._nodes.get(node)
        if here is None:
            here = self._nodes[node] = _Node(self._connection, node, self._seconds)
        here.add(kind, answerer)

        def stop() -> None:
            here.remove(kind, answerer)
            if here.idle and self._nodes.get(node) is here:
                del self._nodes[node]
                here.end()

        return stop


class _Node:
    """Answers for one node of this process."""

    def __init__(self, connection: NatsConnection, node: NodeId, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds
        self._answerers: dict[str, tuple[type[Question[Any]], Answerer]] = {}
        self._answering: dict[str, asyncio.Task[Any]] = {}
        self._read = msgspec.msgpack.Decoder(_Ask | _GivenUp).decode
        self.end = connection.subscribe(_subject(node), self._take)
        """Stop answering."""

    @property
    def idle(self) -> bool:
        """Whether there is no answerer."""
        return not self._answerers

    def add(self, kind: type[Question[Any]], answerer: Answerer) -> None:
        """Raises `ValueError` if there is one for that kind."""
        if _kind(kind) in self._answerers:
            raise ValueError("that node has an answerer for such questions")
        self._answerers[_kind(kind)] = kind, answerer

    def remove(self, kind: type[Question[Any]], answerer: Answerer) -> None:
        """Take this answerer away, if it is there."""
        if self._answerers.get(_kind(kind), (None, None))[1] is answerer:
            del self._answerers[_kind(kind)]

    def _take(self, message: Msg) -> None:
        try:
            asked = self._read(message.data)
            if isinstance(asked, _GivenUp):
                if (given_up := self._answering.pop(asked.name, None)) is not None:
                    given_up.cancel()
                return
            if asked.kind not in self._answerers:
                self._reply(message, _Reply(refused=Code.UNAVAILABLE, detail="that node does not answer"))
                return
            kind, answerer = self._answerers[asked.kind]
            question = msgspec.msgpack.decode(asked.question, type=kind)
        except msgspec.DecodeError as error:
            _log.warning("a question could not be read", error=str(error))
            self._reply(message, _Reply(refused=Code.INTERNAL))
            return
        if len(self._answering) >= UNDER_WAY:
            self._reply(message, _Reply(refused=Code.OVERLOADED))
            return
        task = asyncio.create_task(self._say(message, answerer, question))
        self._answering[asked.name] = task
        task.add_done_callback(lambda _: self._answering.pop(asked.name, None))

    async def _say(self, message: Msg, answerer: Answerer, question: Question[Any]) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                said = msgspec.msgpack.encode(await answered(answerer, question))
        except Refused as refused:
            self._reply(message, _Reply(refused=refused.code, detail=refused.detail, retry_after=refused.retry_after))
        except TimeoutError:
            pass  # whoever asked has given up
        else:
            if len(said) > ANSWER_BYTES:
                _log.error("an answer is too long to be sent", question=type(question).__name__, length=len(said))
                self._reply(message, _Reply(refused=Code.INTERNAL))
            else:
                self._reply(message, _Reply(answer=msgspec.Raw(said)))

    def _reply(self, message: Msg, reply: _Reply) -> None:
        self._connection.reply(message, msgspec.msgpack.encode(reply))


def _subject(node: NodeId) -> str:
    return f"ask.{token(node)}"


def _kind(kind: type[Question[Any]]) -> str:
    return str(kind.__struct_config__.tag)


def _read(said: bytes, kind: type[Question[AnswerT]]) -> AnswerT:
    try:
        reply = msgspec.msgpack.decode(said, type=_Reply)
        if reply.refused is None:
            answer: AnswerT = msgspec.msgpack.decode(reply.answer, type=answer_type(kind))
            return answer
    except msgspec.DecodeError as error:
        _log.warning("an answer could not be read", question=kind.__name__, error=str(error))
        raise Refused(Code.INTERNAL) from error
    raise Refused(reply.refused, reply.detail, reply.retry_after)
