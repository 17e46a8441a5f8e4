"""Second leg: the worker of a partition takes commands in the log's order, decides them, commits, and answers.

Many commands are decided and committed together; while one batch is being made durable the next gathers in the
log. What the worker has cached is a function of the log's prefix, so after a failed commit or a jump in the log
it drops everything and reads states again: the same records then give the same rows.
"""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
import structlog

from chinwag.domain.command import Command
from chinwag.domain.command import Deliver as DeliverOtherwise
from chinwag.domain.conversation import START, Position, SendKey
from chinwag.domain.decide import Again, Decision, Noted, Numbered, Passed, Rejected, decide, repeated
from chinwag.domain.facts import NOTHING
from chinwag.domain.ids import ClientId, ConversationId, DeviceId, stream_of
from chinwag.domain.refusal import Code, Refused
from chinwag.fail_points import passing
from chinwag.flow.batch import (
    LATE,
    LATE_MS,
    Decided,
    Refusal,
    kept_for_ever,
    name_of,
    of_known_rules,
    predecessor_of,
    put_off,
    without_copies,
)
from chinwag.flow.cancelled import end_if_told
from chinwag.flow.draft import Draft
from chinwag.flow.facts import NONE, Named, read_named
from chinwag.flow.measure import COUNTS, Distribution
from chinwag.flow.state_cache import Room, StateCache
from chinwag.flow.wide_batch import WideBatch, hold_audiences, moves, read_audiences
from chinwag.ports.bus import Answer, Answers, Bus, NodeId, answers_to, moved_of
from chinwag.ports.log import Log, Record
from chinwag.ports.message_store import KeyName, MessageStore, TakenOverError

CACHED_BYTES: Final = 200 << 20
"""What the states that all workers of a process keep take together."""
RECENT: Final = 10_000
"""Sends placed of late whose keys one worker keeps, and as many before those: a device's next send names the one before
(`after`)."""
PAUSE_MOST: Final = 2.0
"""Seconds between two tries to commit, at most."""

_Recent = tuple[dict[KeyName, SendKey], dict[KeyName, SendKey]]
"""A younger generation and an older one, which goes as a whole."""

_log = structlog.get_logger(__name__)


class Figures(msgspec.Struct):
    """What a worker has done since it began."""

    batches: int = 0
    placed: int = 0
    repeated: int = 0
    refused: int = 0
    poison: int = 0
    failed_commits: int = 0
    batch_records: Distribution = msgspec.field(default_factory=lambda: Distribution(COUNTS))
    deciding: Distribution = msgspec.field(default_factory=Distribution)
    committing: Distribution = msgspec.field(default_factory=Distribution)


class Deliver:
    """The worker of one partition."""

    def __init__(
        self,
        partition: int,
        log: Log,
        store: MessageStore,
        bus: Bus,
        give_up: Callable[[int], None] = lambda partition: None,
        *,
        room: Room | None = None,
        recent: int = RECENT,
    ) -> None:
        """give_up: told the partition when this version cannot go on with it, just before `run` ends. room: of all
        workers' states; without, this one has all of it. recent: sends whose keys it keeps, and as many before."""
        self._give_up = give_up
        self.figures = Figures()
        self._partition = partition
        self._followers = (stream_of(partition),)
        self._log = log
        self._store = store
        self._bus = bus
        self._states = StateCache(room or CACHED_BYTES)
        self._recent_most = recent
        self._recent: _Recent = {}, {}
        self._last = START

    async def run(self) -> None:
        """Work until the log is closed, or until a command is of rules that only a newer version knows: then the
        partition is given up as it is, for a newer worker."""
        failures = 0
        while not self._log.closed:
            self._forget()
            try:
                async for records in self._log.records(self._partition, self._last):
                    passing("accept.appended")
                    known = of_known_rules(records)
                    if known:
                        await self._batch(known)
                        failures = 0
                    if len(known) < len(records):
                        _log.error(
                            "a partition is given up: its commands are of a newer version", partition=self._partition
                        )
                        self._give_up(self._partition)
                        return
            except (Exception, asyncio.CancelledError) as failure:
                # A full disk fails again and again: go on ever more slowly, refusing meanwhile. Whatever else went
                # wrong must not end the worker (P12 of docs/guarantees.md): it takes over anew from its checkpoint.
                end_if_told(failure)
                if not isinstance(failure, _CommitFailedError):
                    _log.exception("a worker begins again", partition=self._partition)
                await asyncio.sleep(min(PAUSE_MOST, 0.05 * 2**failures))
                failures = min(failures + 1, 10)
                await self._recover()

    async def _recover(self) -> None:
        """Make sure that nothing decided before is committed later; tries for ever, ever more slowly."""
        pause, told = 0.05, self._last
        while not self._log.closed:
            try:
                await self._store.reopen()
            except Exception as failure:
                _log.warning("the store takes nothing for now", partition=self._partition, error=str(failure))
            else:
                return
            try:
                told = await self._refuse_for(pause, told)
            except Exception:
                _log.exception("what waits could not be refused", partition=self._partition)
                await asyncio.sleep(pause)
            pause = min(PAUSE_MOST, 2 * pause)

    async def _refuse_for(self, seconds: float, told: Position) -> Position:
        """Refuse what waits in the log after `told`, and what comes, for so long; up to where that was done.

        It stays in the log and is taken again: who tries again meanwhile gets the one number.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async for records in self._log.records(self._partition, told):
                    self._refuse(records)
                    told = records[-1].position
        return told

    async def _batch(self, records: Sequence[Record]) -> None:
        if self._jumped(records[0].position):
            self._forget()
        self._states.working = True
        try:
            decided = await self._decide(records)
        except Exception as failure:
            if isinstance(failure, Refused) and failure.code is Code.UNAVAILABLE:
                self._failed(records)
                raise _CommitFailedError from failure
            await self._one_by_one(records)
            return
        began = time.perf_counter()
        try:
            passing("deliver.decided")
            if decided.commits:
                await self._store.commit(decided.commits)
        except TakenOverError as failure:
            # The senders' nodes hand these commands to the new owner, which answers. Refused here, a send that is
            # as good as placed would be told of as lost, each time that a partition moves.
            raise _CommitFailedError from failure
        except Exception as failure:
            self._failed(records)
            raise _CommitFailedError from failure
        self.figures.committing.observe(time.perf_counter() - began)
        passing("deliver.committed")
        self._applied(records, decided)

    async def _one_by_one(self, records: Sequence[Record]) -> None:
        """Something in a batch cannot be read or decided: find out which record it is, and set that one aside."""
        if len(records) > 1:
            for record in records:
                await self._batch([record])
            return
        record = records[0]
        command = record.submission.command
        self.figures.poison += 1
        _log.exception(
            "a command is set aside",
            conversation=command.conversation,
            position=record.position,
            account=command.account,
        )
        aside = Answer(record.submission.ref, name_of(command), refused=Code.INTERNAL)
        self._applied(records, Decided({record.submission.node: [aside]}, {}, []))

    def _failed(self, records: Sequence[Record]) -> None:
        """Nothing of this batch is known to be stored. It is taken again, and its senders may try again as well."""
        self.figures.failed_commits += 1
        _log.exception("a batch failed", records=len(records))
        self._refuse(records)

    def _refuse(self, records: Sequence[Record]) -> None:
        answers: dict[NodeId, list[Answer]] = defaultdict(list)
        for record in records:
            submission = record.submission
            answer = Answer(submission.ref, name_of(submission.command), refused=Code.UNAVAILABLE, detail="not stored")
            answers[submission.node].append(answer)
        self._tell(answers)

    def _applied(self, records: Sequence[Record], decided: Decided) -> None:
        young = self._recent[0]
        for draft in decided.drafts.values():
            self._states.put(draft.state)
            young.update(draft.keys)
        if decided.audiences is not None:
            hold_audiences(self._states, decided.drafts.values(), decided.audiences)
        self._states.trim()
        if len(young) > self._recent_most:
            self._recent = {}, young
        self._last = records[-1].position
        self.figures.batches += 1
        self.figures.batch_records.observe(len(records))
        # A worker that dies in between answers again; were it the other way round, nobody ever would.
        self._tell(decided.answers)
        passing("deliver.answered")
        if decided.audiences is not None:
            for moved in moves(decided.drafts.values()):
                self._bus.publish(moved_of(moved.conversation), moved)
        self._log.checkpoint(self._partition, self._last)

    def _tell(self, answers: Mapping[NodeId, list[Answer]]) -> None:
        for node, given in answers.items():
            self._bus.publish(answers_to(node), Answers(given))

    def _forget(self) -> None:
        self._states.clear()
        self._recent = {}, {}

    def _jumped(self, position: Position) -> bool:
        last = self._last
        return position.epoch != last.epoch or position.sequence > last.sequence + 1

    async def _load(self, conversations: Sequence[ConversationId]) -> None:
        missing = list({one for one in conversations if one not in self._states})
        if missing:
            for state in await self._store.states(missing):
                if state is not None:
                    self._states.put(state)

    async def _keys(
        self, names: Sequence[KeyName], predecessors: Sequence[KeyName | None], texts: Sequence[KeyName]
    ) -> dict[KeyName, SendKey]:
        """What is known of a batch's sends, of those that they follow and of those whose `texts` they change, but for
        what the batch itself will place."""
        known: dict[KeyName, SendKey] = {}
        missing = dict.fromkeys(names)
        if texts:
            missing.update(dict.fromkeys(texts))
        young, old = self._recent
        for name in predecessors:
            if name is None:
                continue
            key = young.get(name) or old.get(name)
            if key is not None:
                known[name] = key
            elif name not in missing:
                missing[name] = None
        unknown = list(missing)
        found = await self._store.keys(unknown)
        if any(found):
            known.update((name, key) for name, key in zip(unknown, found, strict=True) if key is not None)
        return known

    async def _decide(self, records: Sequence[Record]) -> Decided:
        """Read what a batch needs, and decide each record upon the one before. Nothing is stored yet."""
        records = without_copies(records)
        commands = [record.submission.command for record in records]
        await self._load([command.conversation for command in commands])
        names = [name_of(command) for command in commands]
        predecessors = [predecessor_of(command) for command in commands]
        wide = self._states.wide
        targets = await read_named(self._store, commands, self._states.get, wide)
        groups = await self._wide(commands, targets) if targets.people else None
        known = await self._keys(names, predecessors, targets.keys)  # joined by the sends that this batch places
        began = time.perf_counter()
        answers: Mapping[NodeId, list[Answer]]
        answers = gathered = defaultdict[NodeId, list[Answer]](list)
        drafts: dict[ConversationId, Draft] = {}
        refusals: dict[KeyName, Refusal] = {}
        facts, naming = NOTHING, targets is not NONE
        for record, command, name, predecessor in zip(records, commands, names, predecessors, strict=True):
            position, submission = record.position, record.submission
            draft = drafts.get(command.conversation)
            state = draft.state if draft is not None else self._states.get(command.conversation)
            decision: Decision
            if state is not None and position <= state.applied:
                # Applied before a take-over: only its answer may have been lost.
                own = known.get(name)
                decision = Rejected(Code.UNAVAILABLE, "applied before") if own is None else repeated(own, command)
            else:
                earlier = known.get(name)
                if earlier is not None and not earlier.position < position:
                    earlier = None  # its own
                before = known.get(predecessor) if predecessor is not None else None
                if before is not None and not before.position < position:
                    before = None
                if earlier is None and record.at - command.at > LATE_MS:
                    decision = LATE  # for every worker alike, as the log's time is
                else:
                    try:
                        if naming:
                            facts = targets.facts(command, state, draft)
                        decision = decide(state, command, position, earlier, before, facts)
                    except Exception:
                        decision = self._set_aside(command, position)
                if type(decision) is Rejected and earlier is None and decision.final:
                    key = known[name] = SendKey(position, 0, command.at, command.digest, decision.code)
                    refusals[name] = Refusal(command.account, key, state)
            if type(decision) is Numbered:
                if groups is not None and decision.state.wide:
                    decision = groups.placed(decision)
                key = known[name] = SendKey(position, decision.state.head, command.at, command.digest)
                if draft is None:
                    draft = drafts[command.conversation] = Draft(decision.state, self._followers)
                draft.place(decision, name, key)
                if decision.spans:
                    draft.regroup(state)
                if decision.digests:
                    _without_digests(decision.digests, draft, known)
            elif type(decision) is Noted:
                key = known[name] = SendKey(position, decision.state.head, command.at, command.digest)
                if draft is None:
                    draft = drafts[command.conversation] = Draft(decision.state, self._followers)
                draft.note(decision, name, key)
                draft.regroup(state)
            gathered[submission.node].append(self._answer(submission.ref, name, command, decision))
        if refusals:
            unknown = await kept_for_ever(self._store, refusals, drafts)
            if unknown:
                answers = put_off(gathered, unknown)
        audiences = None if groups is None else groups.audiences
        decided = Decided(answers, drafts, [draft.commit(targets.counts) for draft in drafts.values()], audiences)
        self.figures.deciding.observe(time.perf_counter() - began)
        return decided

    async def _wide(self, commands: Sequence[Command], targets: Named) -> WideBatch:
        """What this batch needs of wide groups besides the rows in `targets`: of those whose events are copied to all
        now, or may be with this batch, who all are."""
        switching = {one.conversation for one in commands if type(one.action) is DeliverOtherwise}
        states = [self._states.get(one) for one in targets.people]
        copied = [one for one in states if one is not None and one.wide and (not one.large or one.id in switching)]
        return WideBatch(targets.people, await read_audiences(self._store, self._states.audiences, copied))

    def _set_aside(self, command: Command, position: Position) -> Decision:
        """A command that cannot be applied takes no number and stops nobody else."""
        self.figures.poison += 1
        _log.exception(
            "a command is set aside", conversation=command.conversation, position=position, account=command.account
        )
        return Rejected(Code.INTERNAL)

    def _answer(self, ref: int, name: KeyName, command: Command, decision: Decision) -> Answer:
        if isinstance(decision, Numbered):
            self.figures.placed += 1
            return Answer(ref, name, decision.state.head, command.at)
        if isinstance(decision, Again):
            self.figures.repeated += 1
            return Answer(ref, name, decision.earlier.number, decision.earlier.sent_at)
        if isinstance(decision, Noted):
            return Answer(ref, name, decision.state.head, command.at)
        if isinstance(decision, Passed):
            return Answer(ref, name, decision.number, command.at)
        self.figures.refused += 1
        return Answer(ref, name, refused=decision.code, detail=decision.detail)


def _without_digests(sends: Sequence[tuple[DeviceId, ClientId]], draft: Draft, known: dict[KeyName, SendKey]) -> None:
    """Take the digests out of the keys of these sends of the draft's conversation."""
    for device, id in sends:  # noqa: A001 - the field's name
        text = KeyName(draft.state.id, device, id)
        held = known.get(text)
        if held is not None and held.digest:
            known[text] = msgspec.structs.replace(held, digest=b"")
            draft.keys.append((text, known[text]))


class _CommitFailedError(Exception):
    """A batch was not committed, or it is not known whether it was."""
