"""A process that does not reach what it needs sends its people elsewhere after a while, once, and comes back."""

from chinwag.assembly.cluster.reach import AWAY_SECONDS, Reach
from chinwag.domain.refusal import Code, Refused
from chinwag.roles.observe import Check


class World:
    """Something that may be away, and the time."""

    def __init__(self) -> None:
        self.there = True
        self.now = 100.0
        self.did: list[str] = []
        self.reach = Reach([Check("store", self.probe)], self.went, self.came, lambda: self.now)

    async def probe(self) -> None:
        if not self.there:
            raise Refused(Code.UNAVAILABLE)

    async def went(self) -> None:
        self.did.append("went")

    async def came(self) -> None:
        self.did.append("came")

    async def look(self, after: float) -> list[str]:
        self.now += after
        await self.reach.look()
        return self.did


async def test_what_is_away_for_a_moment_moves_nobody() -> None:
    world = World()
    world.there = False
    assert await world.look(1) == []
    assert await world.look(AWAY_SECONDS - 0.1) == []
    world.there = True
    assert await world.look(1) == []
    world.there = False
    assert await world.look(AWAY_SECONDS) == [], "it counts from the last time that all was there"
    assert not world.reach.away


async def test_what_is_away_for_long_sends_people_elsewhere_once_until_it_is_back() -> None:
    world = World()
    world.there = False
    await world.look(1)
    assert await world.look(AWAY_SECONDS) == ["went"]
    assert world.reach.away
    assert await world.look(AWAY_SECONDS) == ["went"]
    world.there = True
    assert await world.look(1) == ["went", "came"]
    assert not world.reach.away
