"""Bad input about large groups is refused alone, and races of coming, going and following end as the numbers say."""

import asyncio
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest
from tests.api.test_large_sessions import large_group
from tests.support.large_scene import Heard, Someone, large_scene
from tests.support.link import MemoryLink

from chinwag.domain.ids import ConversationId
from chinwag.roles.gateway import pulling
from chinwag.wire.codec import decode_server, encode
from chinwag.wire.frames import Error, Follow, Followed, Hello, Unfollow, Unfollowed, Watch, Welcome

ODD = [
    "",
    "\0",
    "g~",
    "d~1",
    "~stream.0",
    "~groups",
    "g~1\n",
    "\u8a9e" * 200,
    "x" * 201,
    "\U0001f600" * 60,
    "../..",
    "%00",
]


async def test_odd_names_are_refused_alone(tmp_path: Path) -> None:
    async with large_scene(tmp_path) as scene:
        tea, anna, ben, _ = await large_group(scene)
        talk = await ben.talk("follow")
        head = await anna.send(tea, "one")
        talk.say(Follow(tea, head))
        await talk.some(Followed)
        for name in map(ConversationId, ODD):
            talk.say(Watch((tea, name, tea)))
            talk.say(Unfollow(name))
            talk.say(Follow(name, 0))  # what is taken back at once gets no answer
        await talk.answered(lambda: len(talk.of(Error)) >= len(ODD))
        assert {error.code for error in talk.of(Error)} <= {"bad_request", "no_conversation"}
        talk.say(Watch((tea,)))
        for raw in (
            b'{"type":"follow","conversation":1,"after":0}',
            b'{"type":"follow","conversation":"%s","after":-1}' % tea.encode(),
            b'{"type":"follow","conversation":"%s","after":1.5}' % tea.encode(),
            b'{"type":"follow","conversation":"%s","after":9007199254740992}' % tea.encode(),
            b'{"type":"follow","conversation":"%s","after":1e400}' % tea.encode(),
            b'{"type":"watch","conversations":"%s"}' % tea.encode(),
            b'{"type":"watch","conversations":[null]}',
            b'{"type":"watch"}',
            b'{"type":"feed"}',
            b'{"type":"nudge","conversation":"x"}',
        ):
            talk.link.send(raw)
        await talk.answered(lambda: len(talk.of(Error)) >= len(ODD) + 10)
        number = await anna.send(tea, "still fed")
        await talk.until(lambda: number in talk.fed)
        assert talk.fed == list(range(head + 1, number + 1))
        for odd in ODD[1:]:
            path = quote(odd, safe="")
            for address in (f"/conversations/{path}/members", f"/conversations/{path}/changes?wait=0"):
                answer = await scene.place.request("GET", f"/v1{address}", token=ben.token)
                assert 400 <= answer.status_code < 500, (address, answer.text)
            answer = await scene.place.request("GET", f"/v1/conversations/heads?conversation={path}", token=ben.token)
            assert answer.status_code in (200, 400), answer.text
        for address in (
            f"/conversations/{tea}/members?after=1.2.3.%00",
            f"/conversations/{tea}/members?after=x",
            f"/conversations/{tea}/members?search=a",
            f"/conversations/{tea}/members?search=ab&after=1.2",
            f"/conversations/{tea}/members?limit=0",
            f"/conversations/{tea}/changes?after=-1",
            f"/conversations/{tea}/changes?after=9007199254740992",
            f"/conversations/{tea}/changes?wait=nan",
            f"/conversations/{tea}/changes?wait=-1",
        ):
            await ben.get(address, 400)


async def test_no_client_says_how_a_group_is_delivered_nor_who_inherits_it(tmp_path: Path) -> None:
    async with large_scene(tmp_path) as scene:
        tea, anna, ben, _ = await large_group(scene)
        for who, change in (
            (anna, {"type": "deliver", "large": False}),
            (ben, {"type": "heir"}),
            (ben, {"type": "heir", "account": ben.account}),
            (ben, {"type": "role", "account": ben.account, "role": "owner"}),
            (ben, {"type": "settings", "settings": {"large": False, "slow": 0}}),
            (anna, {"type": "settings", "settings": {"slow": 3601}}),
            (anna, {"type": "settings", "settings": {"slow": -1}}),
            (anna, {"type": "settings", "settings": {"write": "nobody"}}),
        ):
            answer = await scene.place.request(
                "POST", f"/v1/conversations/{tea}/changes", token=who.token, json={"change": change}
            )
            assert 400 <= answer.status_code < 500, (change, answer.text)
        view = await ben.get(f"/conversations/{tea}")
        assert (view["large"], view["role"]) == (True, "member")


async def test_following_again_and_again_leaves_one_follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "FOLLOWS", 2)
    async with large_scene(tmp_path) as scene:
        tea, anna, ben, carl = await large_group(scene)
        head = await anna.send(tea, *map(str, range(60)))
        talk, quiet = await ben.talk("follow"), await carl.talk("follow")
        for after in range(50):
            talk.say(Follow(tea, after))
            if after % 7 == 0:
                talk.say(Unfollow(tea))
            talk.say(Watch((tea,) if after % 2 else ()))
        talk.say(Follow(tea, head))
        await talk.answered(lambda: talk.of(Followed)[-1:] == [Followed(tea, head)])
        feeds = scene.server.legs.large.feeds
        assert feeds.followers_of(tea) == 1
        before = len(talk.fed)
        number = await anna.send(tea, "one", "two")
        await talk.until(lambda: number in talk.fed)
        assert talk.fed[before:] == [number - 1, number]
        assert talk.of(Error) == []
        talk.link.cut()
        await quiet.answered(lambda: not feeds.followers_of(tea) and not len(scene.server.legs.large.watches))


async def test_a_follow_that_is_taken_back_or_whose_session_ends_at_once_leaves_nothing(tmp_path: Path) -> None:
    """Both frames come in one turn of the server: nothing of the follow was looked into by then."""
    async with large_scene(tmp_path) as scene:
        tea, anna, ben, _ = await large_group(scene)
        feeds, heard = scene.server.legs.large.feeds, Heard()
        link = MemoryLink.open(scene.server.gateway, lambda payload: heard.take(decode_server(payload)))
        link.send(encode(Hello(token=ben.token, features=("follow",))))
        await heard.some(Welcome)
        link.session.text(encode(Follow(tea, 0)))
        link.session.text(encode(Unfollow(tea)))
        await anna.send(tea, "one")
        assert (feeds.followers_of(tea), heard.fed, heard.of(Error)) == (0, [], [])
        link.session.text(encode(Follow(tea, 0)))
        link.session.text(encode(Follow(tea, 1 << 40)))
        await heard.some(Followed)
        assert len(heard.of(Followed)) == feeds.followers_of(tea) == 1, "the first is none any more"
        link.session.text(encode(Unfollow(tea)))
        link.session.text(encode(Follow(tea, 0)))
        link.cut()
        await anna.send(tea, "two")
        assert feeds.followers_of(tea) == len(feeds) == 0


async def removed_and_back(anna: Someone, ben: Someone, tea: ConversationId) -> tuple[int, int, int]:
    """Ben is put out, something is said, and he is in again; the three numbers."""
    removal = await anna.change(tea, type="remove", account=ben.account)
    between = await anna.send(tea, "secret between")
    return removal, between, await anna.change(tea, type="add", account=ben.account)


async def test_two_stays_are_two_spans_and_the_first_ends_the_feed(tmp_path: Path) -> None:
    async with large_scene(tmp_path) as scene:
        tea, anna, ben, _ = await large_group(scene)
        await anna.change(tea, type="settings", settings={"join": "open", "large": True, "history": "joined"})
        talk = await ben.talk("follow")
        head = await anna.send(tea, "one")
        talk.say(Follow(tea, head))
        talk.say(Watch((tea,)))
        await talk.some(Followed)
        removal, between, back = await removed_and_back(anna, ben, tea)
        await talk.some(Unfollowed)
        assert talk.of(Unfollowed) == [Unfollowed(tea, removal, "not_member")]
        assert talk.fed == [removal]
        last = await anna.send(tea, "three")
        talk.say(Follow(tea, removal))
        await talk.until(lambda: last in talk.fed)
        assert talk.of(Followed)[1:] == [Followed(tea, back - 1)]
        assert talk.fed == [removal, *range(back, last + 1)]
        assert between not in talk.fed
        await talk.until(lambda: back in talk.posted)
        talk.say(Watch((tea,)))
        number = await anna.send(tea, "four")
        await talk.until(lambda: number in talk.fed)
        await talk.answered(lambda: tea in scene.server.legs.large.watches.of(ben.device))
        page = await ben.get(f"/conversations/{tea}/changes?after={head}&limit=200")
        assert [event["number"] for event in page["events"]] == [removal, *range(back, number + 1)]
        assert "secret between" not in msgspec.json.encode(page).decode()


async def test_whoever_goes_and_comes_while_it_begins_to_follow_is_fed_nothing_between(tmp_path: Path) -> None:
    async with large_scene(tmp_path) as scene:
        tea, anna, ben, carl = await large_group(scene)
        await anna.change(tea, type="settings", settings={"join": "open", "large": True, "history": "joined"})
        await anna.send(tea, *map(str, range(30)))
        closed: set[int] = set()
        talk, quiet = await ben.talk("follow"), await carl.talk("follow")
        for _ in range(4):
            going = asyncio.create_task(removed_and_back(anna, ben, tea))
            while not going.done():
                talk.say(Follow(tea, 0))
                await carl.get(f"/conversations/{tea}")
            _, between, _ = await going
            closed.add(between)
        last = await anna.send(tea, "last")
        talk.say(Follow(tea, 0))
        quiet.say(Follow(tea, 0))
        await talk.until(lambda: last in talk.fed)
        await quiet.until(lambda: last in quiet.fed)
        assert closed & set(talk.fed) == set()
        assert closed <= set(quiet.fed)


async def test_a_group_that_is_wide_since_one_was_away_is_read_from_the_inbox(tmp_path: Path) -> None:
    async with large_scene(tmp_path) as scene:
        people = [await scene.person(name) for name in ("anna", "ben", "carl")]
        anna, ben, carl = people
        made = await anna.post("/conversations", {"title": "Tea", "settings": {"join": "open", "large": True}})
        tea = ConversationId(made["conversation"])
        await ben.change(tea, type="join")
        cursor = (await ben.get("/cursor"))["cursor"]
        widened = await carl.change(tea, type="join")
        copied = await anna.send(tea, "copied")
        switch = await scene.turn(tea, anna, large=True)
        pulled = await anna.send(tea, "pulled")
        page = await ben.get(f"/sync?after={cursor}&follow=true")
        numbered = [one["event"] for one in page["events"] if one["event"].get("conversation") == tea]
        assert [event["number"] for event in numbered if event["kind"] in ("notice", "message")] == [
            widened,
            copied,
            switch,
        ]
        changes = await ben.get(f"/conversations/{tea}/changes?after={switch}")
        assert [event["number"] for event in changes["events"]] == [pulled]
        view = await ben.get(f"/conversations/{tea}")
        assert (view["wide"], view["large"], view["head"], view["unread"]) == (True, True, pulled, 2)
