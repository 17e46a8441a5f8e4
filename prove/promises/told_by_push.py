"""P10, P12 and P13 of pushes: none to who may not have it, none of what is deleted or read, and none lost.

A push that is on its way when something becomes so may arrive: it is over within `UNDER_WAY`, counted from when the
server ran again if it was down or stopped meanwhile.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from prove.facts import Fault, Pushed
from prove.index.index import Index
from prove.violation import Violation

UNDER_WAY: Final = 8_000
"""Milliseconds: less than from the first attempt to the second, which is begun only if it is still to be."""


def told_by_push(index: Index) -> Iterator[Violation]:
    """P10, P12, P13."""
    revoked = {one.device: one.at for one in index.revoked}
    for push in index.media.pushed:
        yield from _one(index, push, revoked)
    yield from _lost(index)


def _one(index: Index, push: Pushed, revoked: Mapping[str, int]) -> Iterator[Violation]:
    media = index.media
    what = f"{push.device} of {push.account} was pushed {push.number} of {push.conversation}"
    sent = media.sent.get((push.conversation, push.number))
    if sent is not None:
        if sent.sender == push.account:
            yield Violation("P10", f"{what}, which that account wrote itself")
        if not media.may_read(push.account, push.conversation, push.number):
            yield Violation("P10", f"{what}, which it may not read")
        if push.text and not sent.hash and push.text != sent.text:
            yield Violation("P13", f"{what} with another text")
    if _late(index, push, revoked.get(push.device)):
        yield Violation("P10", f"{what} after it was revoked")
    if _late(index, push, media.out_since(push.account, push.conversation)):
        yield Violation("P10", f"{what} after it had left")
    if _late(index, push, media.read_at(push.account, push.conversation, push.number)):
        yield Violation("P10", f"{what} after it had been read")
    gone = media.deleted.get((push.conversation, push.number))
    if gone is not None and _late(index, push, gone.at):
        yield Violation("P13", f"{what} after that was deleted")


def _late(index: Index, push: Pushed, since: int | None) -> bool:
    """Whether it came so long after `since` that it was not under way any more."""
    return since is not None and push.at > _over(index, since)


def _over(index: Index, at: int) -> int:
    """When what was under way at `at` is over."""
    over, down = at + UNDER_WAY, False
    for step in index.disturbances:
        if isinstance(step, Fault):
            down = step.at <= over
        elif down and step.at >= at:
            over, down = max(over, step.at + UNDER_WAY), False
    return over


def _lost(index: Index) -> Iterator[Violation]:
    """Each message whose pushes were waited for was pushed, or a later one in its place."""
    newest: dict[tuple[str, str], int] = {}
    for push in index.media.pushed:
        key = (push.device, push.conversation)
        newest[key] = max(newest.get(key, 0), push.number)
    for fact, devices in index.media.awaited:
        for one in devices:
            if newest.get((one.device, fact.conversation), 0) < fact.number:
                what = f"{fact.number} of {fact.conversation}"
                yield Violation("P12", f"{one.device} of {one.account} was never pushed {what}")
