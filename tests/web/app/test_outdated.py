"""A tab that is older than what another one has made of the database: it says so, and the button reloads it."""

from playwright.async_api import expect
from tests.web.app.conftest import Arrive

RAISE = """async () => {
  const { name } = (await indexedDB.databases()).find((one) => one.name.startsWith("chinwag.account."));
  await new Promise((resolve, reject) => {
    const asked = indexedDB.open(name, 999);
    asked.onsuccess = () => { asked.result.close(); resolve(); };
    asked.onerror = () => reject(asked.error);
  });
  window.older = true;
}"""
"""What a newer version of the app does in another tab."""


async def test_an_outdated_tab_is_reloaded_by_its_button_though_no_new_version_waits(arrive: Arrive) -> None:
    anna = await arrive()
    await anna.sign_up("anna", "Anna")
    await anna.page.evaluate(RAISE)
    async with anna.page.expect_navigation():
        await anna.page.get_by_role("status").get_by_role("button", name="Reload").click()
    assert await anna.page.evaluate("() => window.older === undefined")
    # what made the database newer was no newer app: it says so still, and does not reload by itself
    await expect(anna.page.get_by_role("status").get_by_role("button", name="Reload")).to_be_visible()
