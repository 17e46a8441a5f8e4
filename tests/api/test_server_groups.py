"""Groups that people can find, and join links, on a real server."""

import asyncio

from prove.process import ServerProcess
from tests.support.device import Device
from tests.support.people import Crowd, settle_in
from tests.support.places import Sockets

OPEN = {"join": "open", "description": "all are welcome"}


async def group(of: Device, title: str, **settings: str) -> str:
    answer = await of.place.request(
        "POST", "/v1/conversations", token=of.token, json={"title": title, "settings": settings}
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["conversation"])


async def change(of: Device, conversation: str, **change: object) -> str:
    path = f"/v1/conversations/{conversation}/changes"
    answer = await of.place.request("POST", path, token=of.token, json={"change": change})
    return "" if answer.status_code == 201 else str(answer.json()["code"])


async def found(of: Device, search: str = "") -> list[str]:
    answer = await of.place.request("GET", f"/v1/groups?search={search}", token=of.token)
    assert answer.status_code == 200, answer.text
    return [one["title"] for one in answer.json()["items"]]


async def test_people_find_join_and_leave_an_open_group(crowd: Crowd) -> None:
    ann, ben = await crowd.people("ann", "ben")
    chess = await group(ann, "Schach & Straße", **OPEN)
    await group(ann, "hidden")
    assert await found(ben) == ["Schach & Straße"]
    assert await found(ben, "STRASSE") == ["Schach & Straße"]
    assert await found(ben, "hidden") == []
    card = await ben.place.request("GET", f"/v1/groups/{chess}", token=ben.token)
    assert card.json() == {
        "id": chess,
        "title": "Schach & Straße",
        "description": "all are welcome",
        "members": 1,
    }
    for path in ("", "/messages", "/links"):
        answer = await ben.place.request("GET", f"/v1/conversations/{chess}{path}", token=ben.token)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_conversation")
    assert await change(ben, chess, type="join") == ""
    assert (await ben.place.request("GET", f"/v1/conversations/{chess}/messages", token=ben.token)).status_code == 200
    assert await change(ben, chess, type="leave") == ""
    assert await change(ben, chess, type="join") == ""
    assert await change(ann, chess, type="remove", account=ben.account) == ""
    assert await change(ben, chess, type="join") == "group_closed"
    assert await change(ann, chess, type="settings", settings={}) == ""
    assert await found(ben) == []
    assert (await ben.place.request("GET", f"/v1/groups/{chess}", token=ben.token)).json()["code"] == "no_conversation"


async def test_a_group_has_more_members_than_others_only_if_its_owner_lets_it(process: ServerProcess) -> None:
    process.environment["CHINWAG_LIMITS_GROUP_MEMBERS"] = "2"
    await process.start()
    crowd = Crowd(process)
    try:
        ann, ben, cyd, dan = [await crowd.person(name, connect=False) for name in ("ann", "ben", "cyd", "dan")]
        tea, more = await group(ann, "Tea", **OPEN), OPEN | {"large": True}
        assert await change(ben, tea, type="join") == ""
        assert await change(ann, tea, type="role", account=ben.account, role="admin") == ""
        assert await change(cyd, tea, type="join") == "group_full"
        assert await change(ben, tea, type="settings", settings=more) == "not_allowed"
        assert await change(ann, tea, type="settings", settings=more) == ""
        assert await change(cyd, tea, type="join") == ""
        assert await change(ann, tea, type="settings", settings=OPEN) == ""
        assert await change(dan, tea, type="join") == "group_full"
    finally:
        await crowd.leave()


async def test_a_group_opened_before_a_kill_is_listed_after_it(process: ServerProcess, crowd: Crowd) -> None:
    ann = await crowd.person("ann", connect=False)
    await group(ann, "Chess", **OPEN)
    await process.kill()
    await process.start()
    assert await found(ann) == ["Chess"]


async def test_pages_of_groups_and_broken_cursors(crowd: Crowd) -> None:
    ann = await crowd.person("ann", connect=False)
    for n in range(5):
        await group(ann, f"Group {n}", **OPEN)
    titles: list[str] = []
    after = ""
    while True:
        page = (await ann.place.request("GET", f"/v1/groups?limit=2{after}", token=ann.token)).json()
        titles += [one["title"] for one in page["items"]]
        if page.get("next") is None:
            break
        after = f"&after={page['next']}"
    assert titles == [f"Group {n}" for n in range(5)]
    for broken in ("x", "%FF", "AAAA", "é", "YWJj"):
        answer = await ann.place.request("GET", f"/v1/groups?after={broken}", token=ann.token)
        assert answer.json()["code"] == "bad_cursor"


async def test_a_link_lets_in_until_it_is_revoked_or_used_up(crowd: Crowd) -> None:
    ann, ben, clo = await crowd.people("ann", "ben", "clo")
    closed, other = await group(ann, "closed"), await group(ann, "other")

    async def ask(who: Device, method: str, path: str, json: object = None) -> tuple[int, dict[str, object]]:
        answer = await who.place.request(method, path, token=who.token, json=json)
        return answer.status_code, answer.json() if answer.content else {}

    _, made = await ask(ann, "POST", f"/v1/conversations/{closed}/links", {"uses": 1, "valid_hours": 1})
    code, link = made["code"], made["link"]["id"]  # type: ignore[index]
    assert (await ask(ben, "GET", f"/v1/links/{code}"))[1]["title"] == "closed"
    status, joined = await ask(ben, "POST", f"/v1/links/{code}")
    assert (status, joined["conversation"]) == (200, closed)
    assert await ask(ben, "POST", f"/v1/links/{code}") == (200, joined)
    assert (await ask(clo, "POST", f"/v1/links/{code}"))[1]["code"] == "bad_link"
    for who, expected in ((ben, "not_allowed"), (clo, "no_conversation")):
        for method, path in (("GET", ""), ("POST", ""), ("DELETE", f"/{link}")):
            body: object = {} if method == "POST" else None
            answer = await ask(who, method, f"/v1/conversations/{closed}/links{path}", body)
            assert answer[1]["code"] == expected
    # Another group's link, an unknown one.
    assert (await ask(ann, "DELETE", f"/v1/conversations/{other}/links/{link}"))[0] == 404
    assert (await ask(ann, "DELETE", f"/v1/conversations/{closed}/links/1"))[0] == 404
    _, second = await ask(ann, "POST", f"/v1/conversations/{closed}/links", {"uses": 9})
    _, listed = await ask(ann, "GET", f"/v1/conversations/{closed}/links")
    assert [one["uses_left"] for one in listed["items"]] == [9, 0]  # type: ignore[attr-defined]
    assert str(second["code"]) not in str(listed)
    assert (await ask(ann, "DELETE", f"/v1/conversations/{closed}/links/{second['link']['id']}"))[0] == 204  # type: ignore[index]
    for wrong in (second["code"], "nothing", "x" * 500):
        assert (await ask(clo, "GET", f"/v1/links/{wrong}"))[1]["code"] == "bad_link"
        assert (await ask(clo, "POST", f"/v1/links/{wrong}"))[1]["code"] == "bad_link"


async def test_no_client_enters_by_naming_the_command_of_links(crowd: Crowd) -> None:
    ann, ben = await crowd.people("ann", "ben")
    closed = await group(ann, "closed")
    assert await change(ben, closed, type="enter") == "unsupported"
    assert await change(ben, closed, type="join", invited=True) == "group_closed"


async def test_twenty_at_once_on_a_link_with_five_uses(process: ServerProcess) -> None:
    names = [f"person{n}" for n in range(21)]
    people = await settle_in(process.data, names)
    await process.start()
    place = Sockets(process)
    token = people[0][3]
    made = await place.request("POST", "/v1/conversations", token=token, json={"title": "closed"})
    links = f"/v1/conversations/{made.json()['conversation']}/links"
    code = (await place.request("POST", links, token=token, json={"uses": 5})).json()["code"]
    guests = [one for one in people[1:] for _ in range(2)]
    answers = await asyncio.gather(*(place.request("POST", f"/v1/links/{code}", token=one[3]) for one in guests))
    assert sorted({one.status_code for one in answers}) == [200, 403]
    in_it = {one[1] for one, answer in zip(guests, answers, strict=True) if answer.status_code == 200}
    assert len(in_it) == 5
    view = await place.request("GET", links.removesuffix("/links"), token=token)
    assert len(view.json()["members"]) == 6
    assert (await place.request("GET", links, token=token)).json()["items"][0]["uses_left"] == 0
    await place.close()
