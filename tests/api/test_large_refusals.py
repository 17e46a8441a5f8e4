"""What is refused around large groups has its code, says what helps, and ends nothing of anybody else's."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.large_scene import Scene, Someone, large_scene

from chinwag.domain.ids import ClientId, ConversationId
from chinwag.domain.rate import Rate
from chinwag.flow.large import watches
from chinwag.wire.frames import Ack, Error, Follow, Followed, Nudge, Send, Watch
from chinwag.wire.values import Text


async def refused(scene: Scene, who: Someone, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """Ask for it; the status and what the answer says."""
    answer = await scene.place.request(method, f"/v1{path}", token=who.token, json=body)
    assert answer.status_code >= 400, answer.text
    return answer.status_code, answer.json()


async def test_each_has_its_code_and_another_s_session_goes_on(tmp_path: Path) -> None:
    async with large_scene(tmp_path, group_members=2, large_group_members=3) as scene:
        anna, ben, carl, dora = [await scene.person(name) for name in ("anna", "ben", "carl", "dora")]
        tea, small = await scene.group(anna, ben, carl), await scene.group(anna, ben)
        await scene.turn(tea, anna, large=True)
        talk, other = await ben.talk("follow"), await carl.talk("follow")
        head = await anna.send(tea, "one")
        for each in (talk, other):
            each.say(Follow(tea, head))
            await each.some(Followed)

        # more than the owner lets it grow to, and more than the server allows
        join = {"change": {"type": "join"}}
        status, said = await refused(scene, dora, "POST", f"/conversations/{tea}/changes", join)
        assert (status, said["code"], said.get("retryable", False)) == (409, "group_full", False)
        # one who is not in, and a small group
        talk.say(Follow(small, 0))
        assert [(one.code, one.conversation) for one in await talk.some(Error)] == [("not_large", small)]
        for path in ("members", "members?search=anna", "changes?wait=1", "changes"):
            status, said = await refused(scene, dora, "GET", f"/conversations/{tea}/{path}")
            assert (status, said["code"]) == (404, "no_conversation"), path
        # more than one may watch, by either way
        many = tuple(ConversationId(f"g~{count}") for count in range(501))
        talk.say(Watch(many))
        assert (await talk.some(Error, 2))[1].code == "too_many"
        status, said = await refused(scene, ben, "POST", "/watch", {"conversations": many})
        assert (status, said["code"]) == (409, "too_many")
        # too soon after one's own message
        talk.say(Send(ClientId("first"), Text("first"), tea))
        await talk.some(Ack)
        talk.say(Send(ClientId("second"), Text("second"), tea))
        error = (await talk.some(Error, 3))[2]
        assert (error.code, error.id, error.retryable) == ("slow_down", "second", True)
        assert error.retry_after is not None
        assert 0 < error.retry_after <= 1
        path, body = f"/conversations/{tea}/messages", {"body": {"type": "text", "text": "by HTTP"}}
        answer = await scene.place.request("POST", f"/v1{path}", token=ben.token, json=body, key="second")
        while answer.status_code == 201 or answer.status_code == 200:  # the machine was slow, and it was late enough
            answer = await scene.place.request("POST", f"/v1{path}", token=ben.token, json=body)
        assert (answer.status_code, answer.json()["code"]) == (429, "slow_down")
        assert 0 < answer.json()["retry_after"] <= 1
        assert int(answer.headers["retry-after"]) >= 1
        # a number beyond the group's end begins at the end, and says so
        last = (await ben.get(f"/conversations/{tea}"))["head"]
        talk.say(Follow(tea, last + 50))
        assert (await talk.some(Followed, 2))[1] == Followed(tea, last)
        page = await ben.get(f"/conversations/{tea}/changes?after={last + 50}")
        assert (page["events"], page["head"]) == ([], last)
        # removed, one follows nothing there, and learns nothing
        removal = await anna.change(tea, type="remove", account=ben.account)
        talk.say(Follow(tea, removal))
        assert (await talk.some(Error, 4))[3].code == "not_member"
        for path in ("members", "members?search=anna", f"changes?after={removal}&wait=1"):
            status, said = await refused(scene, ben, "GET", f"/conversations/{tea}/{path}")
            assert (status, said["code"]) == (403, "not_member"), path
        number = await anna.send(tea, "still fed")
        await other.until(lambda: number in other.fed)
        assert other.fed == list(range(head + 1, number + 1))
        assert other.of(Error) == []
        await talk.answered()


async def test_looking_into_groups_has_a_budget_whichever_way_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frame may name five hundred groups, of which each is looked into: of frames alone there may be many."""
    monkeypatch.setattr(watches, "LOOKS", Rate(0.001, 15))
    async with large_scene(tmp_path) as scene:
        anna, ben, carl = [await scene.person(name) for name in ("anna", "ben", "carl")]
        tea = await scene.group(anna, ben, carl)
        await scene.turn(tea, anna, large=True)
        talk = await ben.talk("follow")
        talk.say(Watch((tea,)))
        talk.say(Follow(tea, 0))
        await talk.some(Followed)
        many = tuple(ConversationId(f"g~{count}") for count in range(6))
        talk.say(Watch(many))
        talk.say(Follow(tea, 0))
        errors = await talk.some(Error, 2)
        assert [(one.code, one.frame, one.retryable) for one in errors] == [
            ("rate_limited", "watch", True),
            ("rate_limited", "follow", True),
        ]
        for method, path, body in (
            ("POST", "/watch", {"conversations": many}),
            ("GET", "/conversations/heads?" + "&".join(f"conversation={one}" for one in many), None),
        ):
            status, said = await refused(scene, ben, method, path, body)
            assert (status, said["code"]) == (429, "rate_limited")
        assert [one["conversation"] for one in (await ben.get("/conversations/heads"))["heads"]] == [tea]
        number = await anna.send(tea, "one")
        await talk.until(lambda: [one for one in talk.of(Nudge) if one.head == number])
        other = await carl.talk("follow")  # others have budgets of their own
        other.say(Follow(tea, 0))
        await other.some(Followed)
