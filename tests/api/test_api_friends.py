"""Friends over HTTP."""

import msgspec

from chinwag.domain.account_change import AccountChange, FriendChange, counts, subject
from chinwag.ports.directory import Directory

from .conftest import Process


async def test_asks_accepts_and_ends(server: Process) -> None:
    ann, bob = await server.person("ann"), await server.person("bob")
    asked = (await ann.request("PUT", f"/v1/friends/{bob.account}")).json()
    assert (asked["state"], asked["by"], asked["user"]["name"]) == ("requested", ann.account, "bob")
    again = (await ann.request("PUT", f"/v1/friends/{bob.account}")).json()
    assert again == asked
    for one in (ann, bob):
        [request] = (await one.request("GET", "/v1/friends/requests")).json()["items"]
        assert request["by"] == ann.account
    accepted = (await bob.request("PUT", f"/v1/friends/{ann.account}")).json()
    assert (accepted["state"], accepted["version"]) == ("friends", 2)
    for one, other in ((ann, "bob"), (bob, "ann")):
        assert (await one.request("GET", "/v1/friends/requests")).json()["items"] == []
        [friend] = (await one.request("GET", "/v1/friends")).json()["items"]
        assert friend["user"]["name"] == other
    assert (await ann.request("DELETE", f"/v1/friends/{bob.account}")).status_code == 204
    assert (await ann.request("DELETE", f"/v1/friends/{bob.account}")).status_code == 204
    assert (await bob.request("GET", "/v1/friends")).json()["items"] == []


async def test_refuses_the_unknown_and_oneself(server: Process) -> None:
    ann = await server.person("ann")
    unknown = await ann.request("PUT", "/v1/friends/1")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "no_account")
    assert (await ann.request("DELETE", "/v1/friends/1")).json()["code"] == "no_account"
    assert (await ann.request("PUT", f"/v1/friends/{ann.account}")).json()["code"] == "bad_request"


async def test_pages_through_friends(server: Process) -> None:
    ann = await server.person("ann")
    others = [await server.person(f"friend{n}") for n in range(5)]
    for other in others:
        await other.request("PUT", f"/v1/friends/{ann.account}")
        await ann.request("PUT", f"/v1/friends/{other.account}")
    seen: list[str] = []
    after = ""
    while True:
        page = (await ann.request("GET", f"/v1/friends?limit=2{after}")).json()
        seen += [one["user"]["id"] for one in page["items"]]
        if page.get("next") is None:
            break
        after = f"&after={page['next']}"
    assert seen == sorted(other.account for other in others)
    assert (await ann.request("GET", "/v1/friends?limit=0")).json()["code"] == "bad_request"


async def test_both_are_told_each_step_from_their_side(server: Process, directory: Directory) -> None:
    ann, bob = await server.person("ann"), await server.person("bob")
    for one, method, other in ((ann, "PUT", bob), (bob, "DELETE", ann), (bob, "PUT", ann), (bob, "DELETE", ann)):
        await one.request(method, f"/v1/friends/{other.account}")
    async with directory.reading() as transaction:
        rows = await transaction.outbox.pending(200)
    told = [(row.account, msgspec.json.decode(row.payload, type=AccountChange)) for row in rows]
    for one, other in ((ann, bob), (bob, ann)):
        mine = [change for account, change in told if account == one.account and isinstance(change, FriendChange)]
        assert [change.__struct_config__.tag for change in mine] == [
            "friend_requested",
            "friend_declined",
            "friend_requested",
            "friend_withdrawn",
        ]
        assert {change.friend for change in mine} == {other.account}
        assert [change.version for change in mine] == [1, 2, 3, 4]
        assert not counts(mine[0], {subject(mine[3]): 4})


async def test_finds_users_by_ids_and_names(server: Process) -> None:
    ann, bob = await server.person("ann"), await server.person("bob")
    by_ids = await ann.request("GET", f"/v1/users?id={ann.account}&id={bob.account}&id=5")
    assert {one["name"] for one in by_ids.json()["items"]} == {"ann", "bob"}
    by_name = await ann.request("GET", "/v1/users?name=BOB")
    assert [one["id"] for one in by_name.json()["items"]] == [bob.account]
    assert (await ann.request("GET", "/v1/users?name=nobody")).json()["items"] == []
    assert (await ann.request("GET", "/v1/users/77")).json()["code"] == "no_account"
    assert (await ann.request("GET", "/v1/users")).json()["code"] == "bad_request"
