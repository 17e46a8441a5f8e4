"""Every route and every frame, asked by everybody who may not. A new one without its case fails here."""

import base64
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from prove.process import ServerProcess
from tests.authorisation.cases import CHANGES, FRAMES, PUBLIC, ROUTES, Case
from tests.authorisation.world import World, changes, found, frames, routes
from tools.authorisation_table import PAGE, page

from chinwag.domain.refusal import Code
from chinwag.domain.signals import Typing
from chinwag.wire.errors import CATALOGUE
from chinwag.wire.frames import Error


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    process = ServerProcess(tmp_path_factory.mktemp("authorisation") / "data")
    try:
        made = await found(process)
        yield made
        await made.crowd.leave()
    finally:
        process.end()


def test_every_route_and_frame_has_its_case() -> None:
    assert routes() == set(ROUTES)
    assert set(frames()) == set(FRAMES)
    assert set(changes()) == set(CHANGES)


def test_the_table_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


def named(cases: dict[Any, Case]) -> list[Any]:
    """The cases as parameters with readable ids."""
    return [
        pytest.param(key, case, id=" ".join(key) if isinstance(key, tuple) else key.__name__)
        for key, case in cases.items()
    ]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("route", "case"), named(ROUTES))
async def test_a_route_refuses_everybody_else(world: World, route: tuple[str, str], case: Case) -> None:
    method, address = route
    path = case.path or address
    if case.may not in PUBLIC:
        for nobody in ("", "x", "x.y.z", unsigned(world)):
            assert await world.request(nobody, method, path, case.body) == (401, Code.UNAUTHENTICATED)
    for who, code in case.refused.items():
        answer = await world.request(who, method, path, case.body)
        assert answer == (CATALOGUE[code].status, code), who
    if case.right is not None:
        status, problem = await world.request(case.right, method, path, case.body)
        assert status < 300, (case.right, status, problem)
    if case.ignored:
        await nothing_happens(world, lambda: world.request("stranger", method, path, case.body))


_ids = itertools.count()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("frame", "case"), named(FRAMES))
async def test_a_frame_refuses_everybody_else(world: World, frame: type, case: Case) -> None:
    await play(world, {"type": tag(frame), **world.fill(case.body)}, case)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("change", "case"), named(CHANGES))
async def test_a_change_refuses_everybody_else(world: World, change: type, case: Case) -> None:
    wanted = {"type": tag(change), **world.fill(case.body or {})}
    await play(world, {"type": "change", "id": "c", "conversation": world.ids["group"], "change": wanted}, case)


async def play(world: World, frame: dict[str, Any], case: Case) -> None:
    """Say `frame` as everybody whom the case refuses, then as somebody who may."""
    for who, code in case.refused.items():
        assert await said(world, who, frame) == code, who
    if case.right is not None:
        assert await said(world, case.right, frame) == ""
    if case.ignored:

        async def ask() -> None:
            stranger = world.people["stranger"]
            stranger.send(json.dumps(frame).encode())
            stranger.send(b'{"type":"hello"}')  # refused, after what was sent before it
            before = len(stranger.errors)
            await stranger.until(lambda: len(stranger.errors) > before, "a refusal")

        await nothing_happens(world, ask)


async def said(world: World, who: str, frame: dict[str, Any]) -> str:
    """Say `frame`; the code of the refusal, or nothing."""
    device = world.people[who]
    if "id" in frame:
        name = f"case-{next(_ids)}"
        device.send(json.dumps({**frame, "id": name}).encode())
        answer = await device.answer(name)
        return answer.code if isinstance(answer, Error) else ""
    before = len(device.errors)
    device.send(json.dumps(frame).encode())
    await device.until(lambda: len(device.errors) > before, "a refusal")
    return device.errors[-1].code


async def nothing_happens(world: World, ask: Callable[[], Awaitable[object]]) -> None:
    """What a stranger asks has no effect: what a member says after it is all that others see."""
    owner, stranger, member = (world.people[name] for name in ("owner", "stranger", "member"))
    seen, signals = len(owner.seen), len(owner.signals)
    await ask()
    assert await said(world, "member", SEND | {"conversation": world.ids["group"]}) == ""
    assert await world.request("member", "POST", "/v1/conversations/{group}/typing") == (202, "")
    await owner.until(lambda: len(owner.signals) > signals, "the member's typing")
    # The right one may have typed just before as well: what counts is that nobody else did.
    assert {one.account for one in owner.signals[signals:] if isinstance(one, Typing)} == {member.account}
    assert all(stranger.account not in one.raw.decode() for one in owner.seen[seen:])


SEND = {"type": "send", "id": "x", "body": {"type": "text", "text": "hi"}}


def unsigned(world: World) -> str:
    """The owner's token without its signature, by the algorithm `none` (RFC 7518, 3.6)."""
    _, payload, _ = world.people["owner"].token.split(".")
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=").decode()
    return f"{header}.{payload}."


def tag(struct: type) -> str:
    """What a struct is called on the wire."""
    return str(msgspec.inspect.type_info(struct).tag)  # type: ignore[attr-defined]
