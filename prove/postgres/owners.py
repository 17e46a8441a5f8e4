"""Owners of different partitions who post to the same accounts, each naming them in another order.

Whoever locks in the order in which it is asked waits for the other for ever; whoever gives positions without a lock
leaves gaps or gives one twice.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from chinwag.adapters.postgres import PostgresStores
from chinwag.domain.conversation import Conversation, Member, Position, Role, SendKey, Span
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, group_id
from chinwag.ports.inbox import Run as Entries
from chinwag.ports.log import partition_of
from chinwag.ports.message_store import Commit, Fanout, KeyName

CONVERSATIONS = 10
"""Of each partition."""
_PAGE = 1_000


class Run:
    """What one owner does. heads: of its conversations, by what is committed."""

    def __init__(self, partition: int, batches: int, accounts: int, seed: int = 1) -> None:
        self.partition = partition
        self.batches = batches
        self.heads: dict[ConversationId, int] = {}
        order = -1 if partition % 2 else 1
        self.accounts = tuple(AccountId(f"{n:04}") for n in range(accounts))[::order]
        self.chance = random.Random(seed * 1_000 + partition)


async def work(stores: PostgresStores, run: Run) -> None:
    """Own the partition and commit all batches. Raises what a commit raises."""
    epoch = await stores.partitions.claim(run.partition)
    for sequence, batch in enumerate(_batches(run, stores.partitions.count), 1):
        position = Position(epoch, sequence, 0)
        await stores.message_store.commit([_commit(*one, run.accounts, position) for one in batch])


def planned(run: Run, partitions: int = 2) -> Run:
    """A run that was worked elsewhere, with its heads as they are when all is committed."""
    for _ in _batches(run, partitions):
        pass
    return run


def _batches(run: Run, partitions: int) -> Iterator[list[tuple[ConversationId, int, int]]]:
    """Of one to three conversations each: which, and the first and last number that each gets."""
    names = _conversations(run.partition, partitions)
    for _ in range(run.batches):
        batch = []
        for conversation in run.chance.sample(names, run.chance.randint(1, 3)):
            first = run.heads.get(conversation, 0) + 1
            last = run.heads[conversation] = first + run.chance.choice((0, 0, 0, 2))
            batch.append((conversation, first, last))
        yield batch


async def judge(stores: PostgresStores, runs: Sequence[Run]) -> list[str]:
    """What is wrong with states and inboxes, in words; nothing, if all is well."""
    heads = {conversation: head for run in runs for conversation, head in run.heads.items()}
    found = []
    for conversation, state in zip(heads, await stores.message_store.states(list(heads)), strict=True):
        if state is None or state.head != heads[conversation]:
            found.append(f"{conversation} ends at {state and state.head}, not at {heads[conversation]}")
    for account in runs[0].accounts:
        found += await _judge_inbox(stores, account, heads)
    return found


async def _judge_inbox(stores: PostgresStores, account: AccountId, heads: dict[ConversationId, int]) -> list[str]:
    found: list[str] = []
    had: dict[ConversationId, int] = defaultdict(int)
    at = 0
    while (page := await stores.inbox.read(account, at, _PAGE)).entries:
        for entry in page.entries:
            if entry.position != at + 1 or not isinstance(entry, Entries):
                return [*found, f"{account}: {entry} after position {at}"]
            if entry.first != had[entry.conversation] + 1:
                found.append(f"{account}: {entry} after number {had[entry.conversation]}")
            had[entry.conversation] = entry.first + entry.count - 1
            at += entry.count
    if at != page.bounds.head:
        found.append(f"{account}: the head is {page.bounds.head}, the last entry {at}")
    if dict(had) != heads:
        found.append(f"{account}: has {dict(had)} of {heads}")
    return found


def _conversations(partition: int, partitions: int) -> list[ConversationId]:
    names = (group_id(str(n)) for n in range(CONVERSATIONS * partitions * 100))
    return [name for name in names if partition_of(name, partitions) == partition][:CONVERSATIONS]


def _commit(
    conversation: ConversationId, first: int, last: int, audience: tuple[AccountId, ...], applied: Position
) -> Commit:
    device = DeviceId("d")
    return Commit(
        state=Conversation(
            id=conversation,
            direct=False,
            members={account: Member(Role.MEMBER) for account in audience},
            head=last,
            ordinal=last,
            applied=applied,
        ),
        events=[(number, msgspec.json.encode({"number": number})) for number in range(first, last + 1)],
        fanouts=[Fanout(first, last, audience)],
        keys=[
            (KeyName(conversation, device, ClientId(str(number))), SendKey(applied, number, 0))
            for number in range(first, last + 1)
        ],
        spans=[Span(account, conversation, 1) for account in audience] if first == 1 else [],
    )
