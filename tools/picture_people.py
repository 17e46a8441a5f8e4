"""Made-up people and what they say, for the pictures of the web client."""

import math
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec
from PIL import Image, ImageDraw
from prove.faults.clock import WrongClock

from chinwag.client import Client
from chinwag.wire.values import AccountId, ConversationId, Role, Text

PASSWORD: Final = "correct horse battery"  # noqa: S105 - made up, like the people
PEOPLE: Final = {
    "olga": "Olga Petrenko",
    "ben": "Ben Okafor",
    "cleo": "Cleo Marchetti",
    "devika": "Devika Rao",
    "emil": "Emil Novák",
    "farid": "فريد الحسيني",
    "anna": "Anna Lindqvist",
    "yuki": "佐藤 由紀",
}
"""Olga is whose screen is seen."""

ABOUT: Final = {"ben": "Bread, bicycles and bad puns", "cleo": "Cakes mostly"}

YESTERDAYS: Final = (
    ("anna", "olga", "Shall we meet at the station?"),
    ("olga", "anna", "Lovely, see you there"),
    ("olga", "yuki", "写真をありがとう！"),
    ("yuki", "olga", "了解です。また明日連絡しますね。"),
    ("olga", "emil", "The timetable: https://example.org/trains/brno"),
)
TODAYS: Final = (
    ("farid", "olga", "شكرا جزيلا، نلتقي غدا إن شاء الله"),
    ("devika", "olga", "Shall we look at the plan together?"),
    ("ben", "olga", "Morning! Did the seeds come?"),
    ("olga", "ben", "They did 🌱 Peas and broad beans. The tomatoes are late."),
    ("olga", "ben", "I could sow the peas on Saturday, if the ground is dry."),
    ("ben", "olga", "Saturday is good. I bring the string and the sticks."),
    ("ben", "olga", "There is a plan of the beds: https://example.org/garden"),
    ("olga", "ben", "Lovely. See you at ten!"),
)
"""What is said, and to whom."""
UNREAD: Final = {"شكرا جزيلا، نلتقي غدا إن شاء الله"}
"""What Olga leaves unread of it."""


def meadow(path: Path) -> None:
    """Draw a landscape: hills, one behind the other, in the evening."""
    wide, high = 1600, 1100
    picture = Image.new("RGB", (wide, high))
    drawn = ImageDraw.Draw(picture)
    for row in range(high):
        part = row / high
        drawn.line((0, row, wide, row), fill=(int(250 - 60 * part), int(190 - 20 * part), int(120 + 90 * part)))
    drawn.ellipse((1050, 260, 1230, 440), fill="#fff1c9")
    for number, colour in enumerate(("#7d9aa5", "#5f8a78", "#4a7a4f", "#35622f")):
        base = 560 + 130 * number
        hill = [(x, base + 60 * math.sin(x / (210 - 25 * number) + 2 * number)) for x in range(0, wide + 1, 10)]
        drawn.polygon([(0, high), *hill, (wide, high)], fill=colour)
    picture.save(path)


class Line(msgspec.Struct, frozen=True):
    """Something said in the group. answers: the how-manieth line it answers, from 1; 0 for none."""

    who: str
    text: str
    answers: int = 0


PICNIC: Final = "Sunday picnic"
YESTERDAY: Final = (
    Line("cleo", "It is going to be 19 degrees on Sunday 🌤️"),
    Line(
        "cleo",
        "Shall we go to the river? I could ask Emil to bring his guitar, if nobody minds hearing the same four songs "
        "again",
    ),
    Line("olga", "Yes please!"),
    Line("olga", "All four of them"),
)
TODAY: Final = (
    Line("emil", "Five songs. I have been practising."),
    Line("emil", "Trains from Brno: https://example.org/trains/sunday"),
    Line("olga", "Perfect. The meadow behind the old mill then, at three", answers=2),
)
NEW: Final = (
    Line("ben", "@Olga Petrenko can you bring the big thermos? Mine leaks"),
    Line("ben", "🙏"),
    Line("cleo", "I bring the cake, who has a blanket?"),
)
"""What Olga has not read yet."""
DAY: Final = 86_400.0


class Crowd:
    """Everybody, as clients that stay online, and the group that they are in."""

    def __init__(self, clients: dict[str, Client], clock: WrongClock) -> None:
        self.clients = clients
        self.picnic = ConversationId("")
        self._clock = clock
        self._numbers: list[int] = []

    async def meet(self) -> None:
        """Say what is old and read: some of it yesterday."""
        self._clock.jump(-DAY)
        ids = self.ids
        await self._talk_directly(YESTERDAYS)
        cleo = self.clients["cleo"]
        self.picnic = (await cleo.create_group(PICNIC, [ids[name] for name in ("olga", "ben", "devika")])).conversation
        await self._say(YESTERDAY)
        self._clock.jump(0)
        await cleo.add(self.picnic, ids["emil"])
        await cleo.set_role(self.picnic, ids["olga"], Role.ADMIN)
        await self._say(TODAY)
        for name in ("olga", "ben", "cleo", "devika"):
            self.clients[name].read(self.picnic, self._numbers[-1])
        await self._talk_directly(TODAYS)

    async def say_new(self) -> None:
        """Say what nobody has read."""
        await self._say(NEW)

    async def say_changes(self) -> None:
        """Edit, delete, answer and react, after `say_new`."""
        devika, ben, cleo = (self.clients[name] for name in ("devika", "ben", "cleo"))
        thermos, cake = self._numbers[-3], self._numbers[-1]
        typo = await devika.send(Text("I bring to blankets"), conversation=self.picnic, reply_to=cake)
        slip = await ben.send(Text(PASSWORD), conversation=self.picnic)
        await devika.edit(self.picnic, typo.number, Text("I bring two"))
        await ben.delete(self.picnic, slip.number)
        for client, number, sign in (
            (devika, cake, "🎂"),
            (ben, cake, "🎂"),
            (ben, typo.number, "🙏"),
            (cleo, thermos, "☕"),
        ):
            await client.react(self.picnic, number, sign)
        await self._talk_directly((("yuki", "olga", "日曜日の天気は良さそうですね。楽しんで！"),))

    async def send_media(self, folder: Path) -> None:
        """A photograph, a plan as a file, and an answer, from Ben to Olga."""
        ben, olga = self.clients["ben"], self.ids["olga"]
        meadow(folder / "beds.png")
        (folder / "plan of the beds.pdf").write_bytes(bytes(184_000))
        await ben.send_file(folder / "beds.png", to=olga, caption="This is where the peas will stand", as_picture=True)
        await ben.send_file(folder / "plan of the beds.pdf", to=olga)
        await ben.send("With all the measures in it", to=olga)

    @property
    def ids(self) -> dict[str, AccountId]:
        """Everybody's account."""
        return {name: client.account for name, client in self.clients.items()}

    async def _say(self, lines: Sequence[Line]) -> None:
        olga = self.ids["olga"]
        for line in lines:
            body = Text(line.text, mentions=(olga,) if line.text.startswith("@Olga") else ())
            answered = self._numbers[line.answers - 1] if line.answers else 0
            placed = await self.clients[line.who].send(body, conversation=self.picnic, reply_to=answered)
            self._numbers.append(placed.number)

    async def _talk_directly(self, lines: Sequence[tuple[str, str, str]]) -> None:
        for who, to, text in lines:
            placed = await self.clients[who].send(text, to=self.ids[to])
            if to != "olga" or text not in UNREAD:
                self.clients[to].read(placed.conversation, placed.number)


@asynccontextmanager
async def crowd(url: str, clock: WrongClock) -> AsyncIterator[Crowd]:
    """Sign everybody up at `url`, befriended, with nothing said yet."""
    async with AsyncExitStack() as stack:
        clients: dict[str, Client] = {}
        for name, display in PEOPLE.items():
            client = await stack.enter_async_context(await Client.sign_up(url, name, PASSWORD, device="Laptop"))
            await client.set_profile(display_name=display, about=ABOUT.get(name, ""))
            clients[name] = client
        olga = clients["olga"]
        for name in ("ben", "cleo", "emil"):
            await olga.befriend(clients[name].account)
            await clients[name].befriend(olga.account)
        await clients["devika"].befriend(olga.account)
        yield Crowd(clients, clock)
