"""Whatever people call themselves and write is shown as text, whole, and nothing else."""

from playwright.async_api import expect
from tests.web.app.conftest import Arrive

HOSTILE = [
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "\u202eright to left override\u202c and \u2066isolated",
    "Z" + "\u0351\u0363\u0489" * 200 + "algo",
    "W" * 3_000,
    "😀" * 300,
    "https://example.org/" + "a" * 2_000,
    "مرحبا بالعالم",
]


async def test_hostile_names_and_texts_are_shown_as_text(arrive: Arrive) -> None:
    anna, ben = await arrive(), await arrive()
    name = "<b onmouseover=alert(1)>Mallory & Söhne"
    await anna.sign_up("anna", "Anna")
    await ben.sign_up("ben", name)
    dialogs: list[str] = []
    anna.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    await anna.begin_with("ben", name)
    await expect(anna.page.get_by_role("heading", level=1)).to_have_text(name)
    for text in HOSTILE:
        await anna.say(text)
    await ben.open("Anna")
    await expect(ben.page.locator("article")).to_have_count(len(HOSTILE))
    whole = await ben.page.locator("article .text").evaluate_all("(all) => all.map((one) => one.textContent)")
    assert [text for text in whole if text is not None] == HOSTILE
    assert await ben.page.locator("article script, article img").count() == 0
    assert dialogs == []
    # what combining marks stack up stays inside of its bubble's row
    heights = await ben.page.locator("article").evaluate_all("(all) => all.map((one) => one.offsetHeight)")
    assert heights[2] < 200


async def test_long_texts_are_typed_pasted_and_shown(arrive: Arrive) -> None:
    anna, ben = await arrive(), await arrive()
    await anna.sign_up("anna", "Anna")
    await ben.sign_up("ben", "Ben")
    await anna.begin_with("ben", "Ben")
    longest = "word " * 19_999 + "last"
    assert len(longest) == 99_999
    await anna.composer.fill(longest)
    await expect(anna.page.get_by_text("0 characters left")).to_be_visible()
    await anna.composer.press("Enter")
    await expect(anna.composer).to_have_value("")
    await ben.open("Anna")
    await ben.page.get_by_role("button", name="Show all, 99,999 characters").click()
    await expect(ben.page.locator("article .text")).to_have_text(longest)
    await anna.composer.fill("🦊" * 10_000)
    await anna.composer.press("Enter")
    await ben.page.get_by_role("button", name="Show all, 10,000 characters").click()
    await expect(ben.page.locator("article .text").last).to_have_text("🦊" * 10_000)
    await anna.composer.fill("x" * 100_000)
    await expect(anna.page.get_by_text("1 character too many")).to_be_visible()
    await expect(anna.page.get_by_role("button", name="Send", exact=True)).to_be_disabled()
