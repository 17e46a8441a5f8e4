"""Every script of this folder, played in one process and over each transport, with the laws checked at its end."""

import asyncio

import pytest
from prove.process import ServerProcess
from tests.conversations.notation import Script
from tests.conversations.scripts import SCRIPTS
from tests.conversations.sentences import LANGUAGE
from tests.conversations.stage import Stage
from tests.conversations.table import DOCUMENT, written
from tests.support.device import PATIENCE
from tests.support.http_link import HttpLink
from tests.support.places import AtHand, InProcess, Place, Sockets
from tests.support.transports import SHORT_POLL, TRANSPORTS, Transport

from chinwag.assembly import Server

assert SCRIPTS
over_each_transport = pytest.mark.parametrize("place", TRANSPORTS, ids=lambda transport: transport.name)


def each(*, at_hand: bool | None = None, large: bool = False) -> pytest.MarkDecorator:
    """All scripts; or those that need their server at hand, or that do not; or those of large groups."""
    scripts = [script for script in SCRIPTS if at_hand in (None, script.at_hand) and script.large is large]
    return pytest.mark.parametrize("script", scripts, ids=lambda script: script.name)


@each()
async def test_in_process(script: Script, at_hand: AtHand) -> None:
    await play(script, InProcess(at_hand.server), at_hand.server)


@over_each_transport
@each(at_hand=False)
@pytest.mark.asyncio(loop_scope="session")
async def test_over_sockets(script: Script, place: Transport, shared_process: ServerProcess) -> None:
    await play(script, Sockets(shared_process, place))


@over_each_transport
@each(at_hand=True)
async def test_over_sockets_at_hand(script: Script, place: Transport, at_hand: AtHand) -> None:
    await play(script, Sockets(at_hand, place), at_hand.server)


@each(large=True)
@pytest.mark.asyncio(loop_scope="session")
async def test_large_groups_in_process(script: Script, with_large_groups: AtHand) -> None:
    await play(script, InProcess(with_large_groups.server), with_large_groups.server)


@pytest.mark.parametrize(
    ("script", "place"),
    [
        pytest.param(script, place, id=f"{script.name}-{place.name}")
        for script in SCRIPTS
        for place in TRANSPORTS
        if script.large and script.said(place.name)
    ],
)
@pytest.mark.asyncio(loop_scope="session")
async def test_large_groups_over_sockets(script: Script, place: Transport, with_large_groups: AtHand) -> None:
    await play(script, Sockets(with_large_groups, place), with_large_groups.server)


async def test_a_poller_beyond_its_budget_waits_as_told_and_misses_nothing(strict_process: ServerProcess) -> None:
    """With the budget that is the default; everywhere else in this file turns are faster than people take them."""
    place = Sockets(strict_process, SHORT_POLL)
    stage = Stage(place)
    try:
        await stage.play(next(script for script in SCRIPTS if script.name == "direct"), LANGUAGE.acts)
        link = stage.devices["anna"].link
        assert isinstance(link, HttpLink)
        async with asyncio.timeout(PATIENCE):
            await link.refusal.wait()
        await LANGUAGE.say(stage, 'berta sends anna "while you wait"')
        await LANGUAGE.say(stage, 'anna sees berta "while you wait" number 3')
        await stage.check_laws()
    finally:
        await stage.close()
        await place.close()


def test_the_table_in_the_documents_is_today_s() -> None:
    document = DOCUMENT.read_text()
    assert written(document) == document, "run `python -m tests.conversations.table`"


async def play(script: Script, place: Place, server: Server | None = None) -> None:
    """A script at a place, with the laws checked at its end."""
    stage = Stage(place, server)
    try:
        await stage.play(script, LANGUAGE.acts)
    finally:
        await stage.close()
        await place.close()
