"""Servers on several processes that are made wrong: each forgets one thing that holds only because it is done.

They are found by a storm over a cluster (`prove/cluster`), by a promise or by a check of a moment (`CHECKS` there).
"""

import hashlib
import inspect
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from chinwag.adapters.nats.holds import Holds
from chinwag.adapters.postgres.message_store import PostgresMessageStore
from chinwag.domain.command import Command, Decline
from chinwag.domain.conversation import Conversation, SendKey
from chinwag.fail_points import passing
from chinwag.flow import deliver, heed
from chinwag.flow.answers import Answered
from chinwag.flow.deliver import Deliver
from chinwag.flow.draft import Draft
from chinwag.ports import bus
from chinwag.ports.bus import Answer, Answers, NodeId
from chinwag.ports.log import Record
from chinwag.ports.message_store import KeyName
from prove.faults.wrong.wrong import Wrong, replace


def _everywhere(plain: Callable[..., Any], wrong: Callable[..., Any]) -> None:
    """Put `wrong` in the place of a function, also where it was imported by its name."""
    for module in tuple(sys.modules.values()):
        for name, value in tuple(vars(module).items()) if module.__name__.startswith("chinwag") else ():
            if value is plain:
                setattr(module, name, wrong)


def _node_reused() -> None:
    """A process has the same name in all its lives, and does not look whose command an answer names."""

    def new_node(role: str) -> NodeId:
        return NodeId(f"{role}-{hashlib.sha256(_data().encode()).hexdigest()[:16]}")

    def wrapped(plain: Callable[..., None]) -> Callable[..., None]:
        def _answers(self: Answered[Any], publication: Any) -> None:
            if type(publication) is Answers:
                publication = Answers([self_named(self, one) for one in publication.answers])
            plain(self, publication)

        return _answers

    def self_named(self: Answered[Any], answer: Answer) -> Answer:
        found = self.waiting.get(answer.ref)
        if found is None:
            return answer
        command = found[2].command
        return msgspec.structs.replace(answer, name=KeyName(command.conversation, command.device, command.id))

    _everywhere(bus.new_node, new_node)
    replace(Answered, "_answers", wrapped)


def _data() -> str:
    return sys.argv[sys.argv.index("--data-path") + 1]


def _checkpoint_first() -> None:
    def wrapped(plain: Callable[..., None]) -> Callable[..., None]:
        def _applied(self: Deliver, records: Sequence[Record], decided: Any) -> None:
            self._last = records[-1].position
            self._log.checkpoint(self._partition, self._last)
            passing("deliver.answered")
            plain(self, records, decided)

        return _applied

    replace(Deliver, "_applied", wrapped)


def _noted_not_kept() -> None:
    def wrapped(plain: Callable[..., None]) -> Callable[..., None]:
        def keep(self: Draft, state: Conversation, name: KeyName, key: SendKey) -> None:
            if key.refused is None:
                self.state = state
            else:
                plain(self, state, name, key)

        return keep

    def without_version(plain: Callable[..., Any]) -> Callable[..., Any]:
        def decide(state: Conversation | None, command: Command, *more: Any) -> Any:
            if isinstance(command.action, Decline):
                action = msgspec.structs.replace(command.action, version=0)
                command = msgspec.structs.replace(command, action=action)
            return plain(state, command, *more)

        return decide

    replace(Draft, "keep", wrapped)
    replace(deliver, "decide", without_version)  # it would be known as late by that as well


def _held_without_head() -> None:
    def wrapped(plain: Callable[..., None]) -> Callable[..., None]:
        def made(self: Holds, *given: Any, **more: Any) -> None:
            plain(self, *given, **more)
            look = self._look

            def look_unless_held(accounts: Any) -> None:
                frame = inspect.currentframe()
                caller = frame.f_back if frame is not None else None
                if caller is None or caller.f_code.co_name != "_say":
                    look(accounts)

            self._look = look_unless_held

        return made

    replace(Holds, "__init__", wrapped)


def _epoch_not_checked() -> None:
    def wrapped(plain: Callable[..., Any]) -> Callable[..., Any]:
        async def _commit(self: PostgresMessageStore, partition: Any, batch: Any) -> None:
            found = await self._database.row(
                "SELECT epoch, turn FROM messages.partitions WHERE partition = $1", partition.number
            )
            assert found is not None
            partition.epoch, partition.turn = found
            batch.epoch = partition.epoch
            await plain(self, partition, batch)

        return _commit

    replace(PostgresMessageStore, "_commit", wrapped)


def _revocation_lost() -> None:
    def ends_session(*_: Any) -> bool:
        return False

    _everywhere(heed.ends_session, ends_session)


CLUSTERED: Final = (
    Wrong(
        "node-reused",
        ("P1", "P2", "P3", "P6", "P12"),
        "a process started again takes answers of its earlier life",
        _node_reused,
        "two-lives",
    ),
    Wrong(
        "checkpoint-first",
        ("answered",),
        "a worker moves its checkpoint before it answers",
        _checkpoint_first,
        "stumble",
    ),
    Wrong(
        "noted-not-kept",
        ("noted",),
        "what was only noted keeps no send key, and versions of blocks are not looked at",
        _noted_not_kept,
        "copies",
    ),
    Wrong(
        "held-without-head",
        ("held",),
        "an inbox is held without its head: what came between is missed",
        _held_without_head,
        "late-hold",
    ),
    Wrong(
        "epoch-unchecked",
        ("P1", "P2", "P3", "P5", "P6"),
        "a commit does not compare the partition's epoch",
        _epoch_not_checked,
        "two-owners",
    ),
    Wrong("revocation-lost", ("P10",), "a revocation is lost with the Bus", _revocation_lost, "revoked"),
)
