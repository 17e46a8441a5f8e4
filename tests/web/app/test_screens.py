"""Every screen and state: nothing for axe-core to find, nothing that sticks out of the window, nothing that moves."""

import asyncio
from collections.abc import Sequence

import pytest
from playwright.async_api import Page
from prove.process import ServerProcess
from tests.web.app.conftest import Arrive
from tests.web.app.furnished import Home, Names, furnish
from tests.web.app.judge import moving, sticking_out, unlined, violations
from tests.web.app.tongues import ENGLISH, LONG, RIGHT_TO_LEFT, Tongue
from tests.web.app.walk import Walk

THEMES = ("light", "dark")
WIDTHS = (320, 390, 768, 1280, 1600)
WALK_SECONDS = 900
"""After which a walk stands still for good. Nothing is decided by it."""

HOSTILE = Names(
    anna="W" * 64,
    ben="\u05d0\u05d1 <b>Mallory</b> & S\u00f6hne \u0645\u0631\u062d\u0628\u0627",
    cleo="Z\u0351\u0363" * 20,
    dora="Donaudampfschifffahrtselektrizit\u00e4tenhauptbetriebswerkbauunterbe",
    garden="\u0645\u0631\u062d\u0628\u0627 " + "Donaudampfschiff" * 10,
    description="W" * 500,
    said=(
        "<script>alert(1)</script><img src=x onerror=alert(2)>",
        "\u202eright to left override\u202c and \u2066isolated",
        "Z" + "\u0351\u0363\u0489" * 200 + "algo",
        "W" * 3_000,
        "\U0001f600" * 10_000,
        "https://example.org/" + "a" * 1_900,
        "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645",
    ),
)
"""What people may call themselves and write, to burst what it stands in."""

Findings = dict[str, list[str]]


def told(found: Findings) -> str:
    """All of it: a failure of many screens is mended in one go."""
    return "\n".join(f"{state}:\n  " + "\n  ".join(wrong) for state, wrong in found.items())


async def axed(page: Page, state: str, found: Findings, themes: Sequence[str] = THEMES) -> None:
    """Let axe-core look at a state in each theme."""
    for theme in themes:
        await page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        if wrong := await violations(page):
            found[f"{state}, {theme}"] = wrong


async def measured(page: Page, state: str, found: Findings, widths: Sequence[int]) -> None:
    """Look for what sticks out of windows of these widths, and give the window its own size back."""
    size = page.viewport_size
    assert size is not None
    for width in widths:
        # 320 by 256 is a window of 1280 by 1024 at 400%
        await page.set_viewport_size({"width": width, "height": 256 if width == 320 else size["height"]})
        if wrong := await sticking_out(page):
            found[f"{state}, {width}"] = wrong
    await page.set_viewport_size(size)


async def at_home(arrive: Arrive, home: Home, tongue: Tongue, *, phone: bool) -> Walk:
    """Anna in front of what was furnished."""
    anna = await arrive(phone=phone, reduced_motion="reduce")
    await anna.log_in("anna")
    return Walk(anna, home, tongue, phone=phone)


async def test_nothing_is_wrong_on_any_screen_in_either_theme(arrive: Arrive, served: ServerProcess) -> None:
    walk = await at_home(arrive, await furnish(served), ENGLISH, phone=False)
    found: Findings = {}
    async with asyncio.timeout(WALK_SECONDS):
        async for state in walk.everything():
            await axed(walk.page, state, found)
            if wrong := await moving(walk.page):
                found[f"{state}, motion"] = wrong
    assert not found, told(found)


async def test_nothing_sticks_out_of_any_window(arrive: Arrive, served: ServerProcess) -> None:
    walk = await at_home(arrive, await furnish(served, HOSTILE), RIGHT_TO_LEFT, phone=False)
    found: Findings = {}
    async with asyncio.timeout(WALK_SECONDS):
        async for state in walk.everything():
            await measured(walk.page, state, found, WIDTHS)
    assert not found, told(found)


@pytest.mark.web_prove
@pytest.mark.parametrize("tongue", [ENGLISH, LONG, RIGHT_TO_LEFT], ids=lambda tongue: tongue.name)
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
async def test_nothing_is_wrong_in_any_language_or_window(
    arrive: Arrive, served: ServerProcess, tongue: Tongue, phone: bool
) -> None:
    walk = await at_home(arrive, await furnish(served, HOSTILE), tongue, phone=phone)
    found: Findings = {}
    async with asyncio.timeout(WALK_SECONDS):
        async for state in walk.everything():
            await axed(walk.page, state, found)
            await measured(walk.page, state, found, WIDTHS)
            if wrong := await moving(walk.page):
                found[f"{state}, motion"] = wrong
    assert not found, told(found)


@pytest.mark.web_prove
async def test_forced_colours_leave_nothing_untold(arrive: Arrive, served: ServerProcess) -> None:
    walk = await at_home(arrive, await furnish(served), ENGLISH, phone=False)
    await walk.page.emulate_media(forced_colors="active", reduced_motion="reduce")
    found: Findings = {}
    async with asyncio.timeout(WALK_SECONDS):
        async for state in walk.everything():
            # which colours stand beside each other then is the system's choice
            if wrong := [*await unlined(walk.page), *await violations(walk.page, without=("color-contrast",))]:
                found[state] = wrong
    assert not found, told(found)
