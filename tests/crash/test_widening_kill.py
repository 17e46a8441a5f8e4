"""A real server is killed while a group becomes wide, and then large: nobody is lost, doubled, or told twice."""

import secrets
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prove.faults.at_point import FailPoint
from prove.process import ServerProcess
from tests.support.people import settle_in
from tests.support.places import Sockets

FLAGS = ("--limits-large-group-members", "100", "--limits-wide-above", "4", "--limits-large-above", "5")
POINTS = ("deliver.decided", "store.writing", "store.synced")
"""Nothing is given to the store; it holds the rows; all is written, and nobody knows."""


class Member:
    """One account by its token, over HTTP alone."""

    def __init__(self, place: Sockets, account: str, token: str) -> None:
        self.place = place
        self.account = account
        self.token = token
        self.cursor = ""

    async def get(self, path: str) -> Any:
        answer = await self.place.request("GET", f"/v1{path}", token=self.token)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: object, key: str) -> Any:
        answer = await self.place.request("POST", f"/v1{path}", token=self.token, json=body, key=key)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def join(self, group: str, key: str) -> int:
        """Join it; the number."""
        return int((await self.post(f"/conversations/{group}/changes", {"change": {"type": "join"}}, key))["number"])

    async def came(self, group: str) -> list[int]:
        """The numbers of a group that came by the inbox since `cursor`, in order."""
        found: list[int] = []
        after = self.cursor
        while True:
            page = await self.get(f"/sync?after={after}&limit=500&follow=true")
            assert "reset" not in page or page["reset"] is None, page
            events = [one["event"] for one in page["events"]]
            found += [one["number"] for one in events if one.get("conversation") == group and "id" in one]
            after = page["cursor"]
            if not page["more"]:
                return found


async def test_a_kill_at_the_joining_that_makes_it_wide_and_at_the_one_that_makes_it_large(tmp_path: Path) -> None:
    process = ServerProcess(tmp_path / "data", *FLAGS)
    place, point = Sockets(process), FailPoint(process)
    settled = await settle_in(process.data, [f"member-{count}" for count in range(6)])
    people = [Member(place, account, token) for _, account, _, token in settled]
    owner, *others = people
    try:
        await process.start()
        for name in POINTS:
            for one in people:
                one.cursor = (await one.get("/cursor"))["cursor"]
            body = {"title": name, "settings": {"join": "open", "large": True}}
            group = (await owner.post("/conversations", body, secrets.token_hex(8)))["conversation"]
            for one in others[:3]:
                await one.join(group, "join")
            for one in others[3:]:  # the fifth makes it wide, the sixth large
                point.arm(name)
                with pytest.raises(httpx2.HTTPError):
                    await one.join(group, f"join {group}")
                assert await process.exited() == -9
                assert point.reached(name)
                point.disarm()
                await process.start()
                number = await one.join(group, f"join {group}")
                assert number == people.index(one) + 1
                assert await one.join(group, f"join {group}") == number, "the same answer for ever"
                text = {"body": {"type": "text", "text": "who is there"}}
            members = (await owner.get(f"/conversations/{group}/members"))["members"]
            assert [one["account"] for one in members] == [one.account for one in people], name
            view = await owner.get(f"/conversations/{group}")
            assert (view["member_count"], view["wide"], view["large"], view["head"]) == (6, True, True, 6)
            last = (await owner.post(f"/conversations/{group}/messages", text, secrets.token_hex(8)))["number"]
            events = (await others[0].get(f"/conversations/{group}/changes?after=0&limit=50"))["events"]
            assert [one["number"] for one in events] == list(range(1, 8)), "no hole, nothing twice"
            told = [one["change"] for one in events if one["kind"] == "notice" and one["change"]["type"] == "joined"]
            assert Counter(one.get("wide", False) for one in told) == {False: 4, True: 1}
            assert Counter(one.get("large", False) for one in told) == {False: 4, True: 1}
            for at, one in enumerate(people):
                began = 1 if one is owner else at + 1
                copied = [*range(began, 7), *([last] if one is owner else [])]
                assert await one.came(group) == copied, (name, at)
    finally:
        await place.close()
        process.end()
        print(process.log()[-5_000:])
