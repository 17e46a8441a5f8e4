"""A batch of commands, and what its decisions come to: what a worker answers, stores, and may say for ever."""

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Final, NamedTuple

import msgspec

from chinwag.domain.command import CHAINED, RULES_VERSION, Command
from chinwag.domain.conversation import Conversation, SendKey
from chinwag.domain.decision import Rejected
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.refusal import Code
from chinwag.flow.draft import Draft
from chinwag.flow.membership_of import in_state
from chinwag.flow.own_commands import SERVER
from chinwag.ports.bus import Answer, NodeId
from chinwag.ports.log import Record
from chinwag.ports.message_store import Commit, KeyName, MessageStore

LATE_MS: Final = 20_000
"""A record that the log took so long after its command was accepted is not applied: nobody waits for it any more."""
LATE: Final = Rejected(Code.UNAVAILABLE, "it came too late")
"""What becomes of such a one."""


class Refusal(NamedTuple):
    """A refusal for ever, and the conversation as it was then."""

    account: AccountId
    key: SendKey
    state: Conversation | None


class Decided(NamedTuple):
    """A batch that is decided: what to tell whom, and what to store, once it is stored. audiences: if some groups
    in it are wide, of those whose events are copied to all."""

    answers: Mapping[NodeId, list[Answer]]
    drafts: Mapping[ConversationId, Draft]
    commits: list[Commit]
    audiences: Mapping[ConversationId, tuple[AccountId, ...]] | None = None


def of_known_rules(records: Sequence[Record]) -> Sequence[Record]:
    """The first of them, up to one whose rules only a newer version knows."""
    rules = None
    for record in records:  # those of one node are of one object
        if record.submission.command.rules is not rules:
            rules = record.submission.command.rules
            if rules.version > RULES_VERSION:
                break
    else:
        return records
    return list(takewhile(lambda record: record.submission.command.rules.version <= RULES_VERSION, records))


def without_copies(records: Sequence[Record]) -> Sequence[Record]:
    """The records but for copies of such as stand before them."""
    if not any(record.submission.again for record in records):
        return records
    first: dict[tuple[NodeId, int], Record] = {}
    for record in records:
        first.setdefault((record.submission.node, record.submission.ref), record)
    return list(first.values())


def put_off(answers: Mapping[NodeId, list[Answer]], unknown: set[KeyName]) -> Mapping[NodeId, list[Answer]]:
    """The answers, with `unavailable` for those commands that are in `unknown`."""
    return {
        node: [
            Answer(one.ref, one.name, refused=Code.UNAVAILABLE, detail="it has changed meanwhile")
            if one.name in unknown
            else one
            for one in given
        ]
        for node, given in answers.items()
    }


def name_of(command: Command) -> KeyName:
    """Under which its answer is kept."""
    return KeyName(command.conversation, command.device, command.id)


def predecessor_of(command: Command) -> KeyName | None:
    """The command that it names as the one before."""
    action = command.action
    if isinstance(action, CHAINED) and action.after is not None:
        return KeyName(command.conversation, command.device, action.after)
    return None


async def kept_for_ever(
    store: MessageStore, refusals: Mapping[KeyName, Refusal], drafts: dict[ConversationId, Draft]
) -> set[KeyName]:
    """Add the keys of these refusals to the drafts, so that no copy is ever placed; those that are of nobody who is or
    was a member.

    Of such a one nothing is kept, so nothing final may be said: it is accept that refuses strangers.
    """
    strangers: set[KeyName] = set()
    for name, (account, key, state) in refusals.items():
        draft = drafts.get(name.conversation)
        if draft is not None:
            state = draft.state
        if state is None or not await _was_in(store, state, account, draft):
            strangers.add(name)
            continue
        applied = msgspec.structs.replace(state, applied=max(state.applied, key.position))
        if draft is None:
            draft = drafts[name.conversation] = Draft(applied)
        draft.keep(applied, name, key)
    return strangers


async def _was_in(store: MessageStore, state: Conversation, account: AccountId, draft: Draft | None) -> bool:
    """Whether the account has a span in a conversation that has begun: by it the key is found when it is erased. Those
    of the server's own commands are nobody's, and are never erased."""
    if account == SERVER:
        return True
    if state.head and in_state(state, account):
        return True
    if draft is not None and any(span.account == account for span in draft.spans):
        return True
    return bool(await store.spans(account, state.id))
