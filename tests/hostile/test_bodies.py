"""Bodies that are begun and never ended: what they keep is bounded, and given back."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest
from tests.hostile.crowd import Town

from chinwag.domain.refusal import Code, Refused
from chinwag.roles.api.bodies import Bodies, BodyLimits

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMITS = BodyLimits(per_owner=100, in_all=250)


async def part_of_sixty() -> MutableMapping[str, Any]:
    return {"type": "http.request", "body": b"x" * 60, "more_body": True}


async def test_what_is_kept_of_bodies_is_bounded_by_owner_and_in_all() -> None:
    bodies = Bodies(LIMITS)
    with bodies.counted("ann", part_of_sixty) as one, bodies.counted("ann", part_of_sixty) as other:
        await one()
        with pytest.raises(Refused) as refused:
            await other()
        assert refused.value.code is Code.RATE_LIMITED
    with (
        bodies.counted("ann", part_of_sixty) as ann,
        bodies.counted("ben", part_of_sixty) as ben,
        bodies.counted("cem", part_of_sixty) as cem,
        bodies.counted("dan", part_of_sixty) as dan,
        bodies.counted("eve", part_of_sixty) as eve,
    ):
        for part in (ann, ben, cem, dan):
            await part()
        with pytest.raises(Refused) as refused:
            await eve()
        assert refused.value.code is Code.OVERLOADED
    assert (bodies.total, len(bodies)) == (0, 0)
    await ann()  # what comes behind the answer is not kept
    assert (bodies.total, len(bodies)) == (0, 0)


async def test_nobody_keeps_many_bodies_of_messages_begun(town: Town) -> None:
    """Sixteen MiB of them: of nine that have 1.9 MB each one is refused before it ends, the others are not."""
    mal, other = town.bad[0], town.bad[1]
    path = f"/v1/conversations/d~{'~'.join(sorted((mal.account, other.account)))}/messages"
    begun = b'{"body":{"type":"text","text":"' + b"x" * 1_900_000
    end = b'"}}'
    head = (
        f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {mal.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(begun) + len(end)}\r\n\r\n"
    ).encode()
    async with town.talk("bodies"):
        held = [await town.raw() for _ in range(9)]
        for one in held:
            one.write(head + begun)
        heads = [asyncio.ensure_future(one.head()) for one in held]
        # Which of the nine is the one too many is the server's matter.
        await asyncio.wait(heads, return_when=asyncio.FIRST_COMPLETED)
        for one in held:
            one.write(end)
        statuses = [answer.split()[1] for answer in await asyncio.gather(*heads)]
        assert b"429" in statuses, "nothing was too much"
        assert set(statuses) <= {b"429", b"422"}, "the others are read whole, and their text is too long"
        late = await town.raw()
        late.write(head + begun + end)
        assert b" 422 " in await late.head(), "what was kept is given back"
        for one in (*held, late):
            one.cut()
