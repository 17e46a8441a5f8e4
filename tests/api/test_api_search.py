"""The search for people over HTTP."""

import pytest

from .conftest import Process, Start


async def test_a_search_finds_by_the_beginning_of_a_word(server: Process) -> None:
    ann, bob = await server.person("ann"), await server.person("bob")
    await bob.request("PATCH", "/v1/me", {"display_name": "Zo\u00eb M\u00fcller"})
    [found] = (await ann.request("GET", "/v1/users?search=mull")).json()["items"]
    assert found == (await ann.request("GET", f"/v1/users/{bob.account}")).json()
    assert (await ann.request("GET", "/v1/users?search=ann")).json()["items"] == [], "oneself is no find"
    assert (await ann.request("GET", "/v1/users?name=mull")).json()["items"] == [], "a name is the whole name"


async def test_who_does_not_want_to_be_found_is_not(server: Process) -> None:
    ann, bob = await server.person("ann"), await server.person("bob")
    changed = (await bob.request("PATCH", "/v1/me/settings", {"findable": False})).json()
    assert (changed["direct_from"], changed["findable"]) == ("everyone", False)
    assert (await ann.request("GET", "/v1/users?search=bob")).json()["items"] == []
    assert len((await ann.request("GET", "/v1/users?name=bob")).json()["items"]) == 1
    for method, one, other in (("PUT", ann, bob), ("PUT", bob, ann)):
        await one.request(method, f"/v1/friends/{other.account}")
    assert len((await ann.request("GET", "/v1/users?search=bob")).json()["items"]) == 1


async def test_strangers_are_not_shown_where_only_the_known_are(start: Start) -> None:
    start.everybody = False
    server = await start()
    ann, bob = await server.person("ann"), await server.person("bob")
    assert (await ann.request("GET", "/v1/users?search=bo")).json()["items"] == []
    assert (await bob.request("PUT", f"/v1/friends/{ann.account}")).status_code == 200
    assert (await ann.request("GET", "/v1/users?search=bo")).json()["items"] == [], "a request makes no friend"


@pytest.mark.parametrize(
    "query", ["search=a", "search=", "search=ab&name=ab", "search=ab&id=1", "search=" + "x" * 65, ""]
)
async def test_a_search_that_asks_for_nothing_is_refused(server: Process, query: str) -> None:
    ann = await server.person("ann")
    answer = await ann.request("GET", f"/v1/users?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_a_search_has_its_own_budget(server: Process) -> None:
    ann = await server.person("ann")
    codes = [(await ann.request("GET", "/v1/users?search=zz")).json().get("code") for _ in range(60)]
    assert codes[0] is None
    assert "rate_limited" in codes
    assert (await ann.request("GET", "/v1/users?name=zz")).status_code == 200
