"""What the sentences of a script of large groups do."""

import asyncio
from typing import Final

from prove.facts import Acked, ChangeTried
from tests.conversations.sentences import LANGUAGE, Refused
from tests.conversations.stage import Stage
from tests.support.device import PATIENCE
from tests.support.notes import now
from tests.support.server_commands import ServerCommands

from chinwag.domain.command import Deliver, Heir, Rules
from chinwag.domain.ids import ClientId
from chinwag.wire.frames import Follow, Unfollow, Unfollowed, Watch
from chinwag.wire.values import DeliveryChanged, Joined, Notice, NumberedEvent

RULES: Final = Rules(large_group_members=100, wide_above=4, large_above=8)
"""Of the server on which they are played."""

says = LANGUAGE.says


@says("{place} goes {code}[ as number {n}]")
async def goes(stage: Stage, place: str, code: str, n: int | None, refused: Refused) -> None:
    """The server has a group delivered otherwise from then on: `large` or `small`."""
    assert stage.server is not None
    group, name = stage.groups[place], ClientId(stage.new_id(None))
    device = next(iter(stage.devices.values()))
    own = f"~{device.account}"
    stage.notes.write(ChangeTried(own, device.account, group, name, "delivery", (code,), now()))
    commands = ServerCommands(stage.server, RULES)
    try:
        answer = await commands.place(group, device.account, name, Deliver(code == "large"))
    finally:
        commands.close()
    assert (answer.refused) == refused, answer
    if refused is None:
        stage.notes.write(Acked(own, group, name, answer.number, answer.sent_at, 0, now()))
        assert n is None or answer.number == n, answer


@says("{who} finds no owner in {place}")
async def finds_no_owner(stage: Stage, who: str, place: str, refused: Refused) -> None:
    """As soon as whoever owned it has left."""
    del refused
    async with asyncio.timeout(PATIENCE):
        while True:
            view = (await stage.http(who, "GET", f"/v1/conversations/{stage.groups[place]}")).json()
            if all(one["role"] != "owner" for one in view["members"]):
                return


@says("{other:name} inherits {place}")
async def inherits(stage: Stage, other: str, place: str, refused: Refused) -> None:
    """The server gives a group without an owner one."""
    assert stage.server is not None
    account, group, name = stage.devices[other].account, stage.groups[place], ClientId(stage.new_id(None))
    own = f"~{account}"
    stage.notes.write(ChangeTried(own, account, group, name, "role", (account,), now()))
    commands = ServerCommands(stage.server, RULES)
    try:
        answer = await commands.place(group, account, name, Heir(account))
    finally:
        commands.close()
    assert answer.refused == refused, answer
    if refused is None:
        stage.notes.write(Acked(own, group, name, answer.number, answer.sent_at, 0, now()))


@says("{who} sees {place} go {code}[ number {n}]")
async def sees_going(stage: Stage, who: str, place: str, code: str, n: int | None, refused: Refused) -> None:
    """The notice of it, by the inbox."""
    del refused
    wanted = stage.groups[place], DeliveryChanged(code == "large")

    def matches(event: object) -> bool:
        return isinstance(event, Notice) and (event.conversation, event.change) == wanted

    event = await stage.sees(who, f"{place} go {code}", matches)
    assert n is None or (isinstance(event, Notice) and event.number == n), event


@says("{who} sees {other:name} make {place} {code}[ number {n}]")
async def sees_widening(
    stage: Stage, who: str, other: str, place: str, code: str, n: int | None, refused: Refused
) -> None:
    """The joining that makes a group `wide`, or `large`."""
    del refused
    account = stage.devices[other].account
    wanted = stage.groups[place], Joined(account, wide=code == "wide", large=code == "large")

    def matches(event: object) -> bool:
        return isinstance(event, Notice) and (event.conversation, event.change) == wanted

    event = await stage.sees(who, f"{other} make {place} {code}", matches)
    assert n is None or (isinstance(event, Notice) and event.number == n), event


@says("{who} watches {names}")
async def watches(stage: Stage, who: str, names: list[str], refused: Refused) -> None:
    """These groups, and no others; and asks once where they are. Returns when the server knows."""
    del refused
    device, groups = stage.devices[who], [stage.groups[name] for name in names]
    device.send(Watch(tuple(groups)))
    async with asyncio.timeout(PATIENCE):
        while True:
            heads = (await stage.http(who, "GET", "/v1/conversations/heads")).json()["heads"]
            if {one["conversation"] for one in heads} == set(groups):
                return


@says("{who} is nudged to {place} {n}")
async def is_nudged(stage: Stage, who: str, place: str, n: int, refused: Refused) -> None:
    """To number `n` of it, or further."""
    del refused
    device, group = stage.devices[who], stage.groups[place]
    await device.until(
        lambda: any(
            (one.conversation, one.head) >= (group, n) for one in device.pulling.nudges if one.conversation == group
        ),
        f"a nudge to {n}",
    )


@says("{who} was nudged no further than {place} {n}")
async def was_nudged(stage: Stage, who: str, place: str, n: int, refused: Refused) -> None:
    """So far."""
    del refused
    heads = [one.head for one in stage.devices[who].pulling.nudges if one.conversation == stage.groups[place]]
    assert all(head <= n for head in heads), heads


@says("{who} finds the head of {place} at {n}")
async def finds_head(stage: Stage, who: str, place: str, n: int, refused: Refused) -> None:
    """Where the server says that it is; `0`: it says nothing of it."""
    answer = await stage.http(
        who, "GET", f"/v1/conversations/heads?conversation={stage.groups[place]}", refused=refused
    )
    heads = [one["head"] for one in answer.json()["heads"]]
    assert heads == ([n] if n else []), heads


@says("{who} follows {place}[ after {n}]")
async def follows(stage: Stage, who: str, place: str, n: int | None, refused: Refused) -> None:
    """From the number that it holds, or another. Returns when it is told from where."""
    device, group = stage.devices[who], stage.groups[place]
    if n is None:
        await device.applied()  # what came is held by then
        n = device.held.mirror.conversations[group].head
    before = len(device.errors)

    def codes() -> list[str]:
        return [one.code for one in device.errors[before:] if (one.frame, one.conversation) == ("follow", group)]

    device.send(Follow(group, n))
    await device.until(lambda: device.pulling.begun[group] or codes(), f"a feed of {place}")
    answers = [*codes(), *("a feed" for _ in device.pulling.begun[group])]
    assert set(answers) == {refused or "a feed"}, f"{answers} after {device.pulling.begun}\n{device.transcript()}"


@says("{who} unfollows {place}")
async def unfollows(stage: Stage, who: str, place: str, refused: Refused) -> None:
    """It wants no more."""
    del refused
    stage.devices[who].send(Unfollow(stage.groups[place]))


@says("{who} is fed {place} {first:n} to {last:n}")
async def is_fed(stage: Stage, who: str, place: str, first: int, last: int, refused: Refused) -> None:
    """These numbers since it followed last, and no others."""
    del refused
    device, group = stage.devices[who], stage.groups[place]

    def numbers() -> list[int]:
        return [one.number for one in device.pulling.fed[group]]

    await device.until(lambda: numbers()[-1:] == [last] or len(numbers()) > last - first, f"{place} up to {last}")
    assert numbers() == list(range(first, last + 1)), numbers()


@says("the feed of {place} to {who} ends at {n} as {code}")
async def feed_ends(stage: Stage, place: str, who: str, n: int, code: str, refused: Refused) -> None:
    """It is said."""
    del refused
    device, group = stage.devices[who], stage.groups[place]
    await device.until(lambda: group in device.pulling.ended, f"the end of {place}")
    assert device.pulling.ended[group] == Unfollowed(group, n, code), device.pulling.ended[group]  # type: ignore[arg-type]


@says("{who} has {numbers:numbers} of {place} in the inbox")
async def has_in_inbox(stage: Stage, who: str, numbers: list[int], place: str, refused: Refused) -> None:
    """All that came by the inbox so far, in order, and nothing else of that group."""
    del refused
    device, group = stage.devices[who], stage.groups[place]
    await device.reach_head()
    events = [one.event for one in device.seen if isinstance(one.event, NumberedEvent)]
    found = [one.number for one in events if one.conversation == group]
    assert found == numbers, found


@says("{who} holds {place} up to {n}")
async def holds(stage: Stage, who: str, place: str, n: int, refused: Refused) -> None:
    """Without a hole, by what came so far."""
    del refused
    device = stage.devices[who]
    await device.reach_head()
    head = device.held.mirror.conversations[stage.groups[place]].head
    assert head == n, head


@says("{who} catches up with {place}")
async def catches_up(stage: Stage, who: str, place: str, refused: Refused) -> None:
    """By the changes after the number that it holds."""
    del refused
    await stage.devices[who].catch_up(stage.groups[place])


@says("{who} keeps what it would load")
async def keeps_what_it_would_load(stage: Stage, who: str, refused: Refused) -> None:
    """P11, of large groups up to the same number."""
    del refused
    await stage.resume_equals_cold_load(who, stage.devices[who])


@says("{who} finds {n} members of {place}[ and lists {names}]")
async def finds_members(stage: Stage, who: str, n: int, place: str, names: list[str] | None, refused: Refused) -> None:
    """What its view says, and what it keeps."""
    del refused
    device, group = stage.devices[who], stage.groups[place]
    view = (await stage.http(who, "GET", f"/v1/conversations/{group}")).json()
    held = device.held.mirror.conversations[group]
    assert (view["member_count"], held.member_count) == (n, n)
    if names is not None:
        wanted = {stage.accounts[name] for name in names}
        assert {one["account"] for one in view["members"]} == wanted, view["members"]
        assert set(held.members) == wanted, held.members


@says("{who} finds last {text} in {place}")
async def finds_last(stage: Stage, who: str, text: str, place: str, refused: Refused) -> None:
    """What the list of conversations says of it: a text, or `nothing`."""
    del refused
    listed = (await stage.http(who, "GET", "/v1/conversations?limit=50")).json()["conversations"]
    last = next(one for one in listed if one["id"] == stage.groups[place])["last"]
    said = "nothing" if last is None else last.get("body", {}).get("text", last["kind"])
    assert said == text, last


@says("{who} is told that its client is old")
async def is_told_old(stage: Stage, who: str, refused: Refused) -> None:
    """`reset` (`old`) in the session that is on, after which it loads afresh and goes on from the same cursor."""
    del refused
    device = stage.devices[who]
    await device.until(lambda: device.resets, "a reset")
    assert device.resets[-1].cause == "old"
    await device.load_again()


@says("{who} has an old client")
async def has_old_client(stage: Stage, who: str, refused: Refused) -> None:
    """Which says nothing of `follow`, from its next session on."""
    del refused
    stage.devices[who].features = ()


__all__ = ["RULES"]
