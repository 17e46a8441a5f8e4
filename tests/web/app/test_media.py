"""Pictures, videos, voice and files: sent by picking, dropping and pasting, seen by the other, looked at, saved, and
gone everywhere when they are deleted."""

import base64
import io
import re
from typing import Any, Final

from PIL import Image
from playwright.async_api import Playwright, expect
from prove.process import ServerProcess
from tests.web.app.conftest import Arrive
from tests.web.app.sent import DROP, choose, drawn, noise, photo, placed, send, shown
from tests.web.app.visitor import Visitor, until, visitor_in
from tests.web.browsers import ARGUMENTS, CALL_MS, CHROMIUM

PREVIEWS: Final = """async () => {
  const answer = (asked) => new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  let count = 0;
  for (const { name } of await indexedDB.databases()) {
    if (!name.startsWith("chinwag.account.")) continue;
    const open = await answer(indexedDB.open(name));
    for (const store of ["previews", "files"]) {
      count += await answer(open.transaction(store).objectStore(store).count());
    }
    open.close();
  }
  return count;
}"""
"""How many files and previews a browser keeps."""


async def two(arrive: Arrive) -> tuple[Visitor, Visitor]:
    """Anna and Ben, in a conversation that both have open."""
    anna, ben = await arrive(), await arrive()
    await anna.sign_up("anna", "Anna")
    await ben.sign_up("ben", "Ben")
    await anna.begin_with("ben", "Ben")
    await anna.say("hello")
    await ben.open("Anna")
    await ben.sees("hello")
    return anna, ben


async def test_a_picture_is_seen_by_the_other_at_once_as_a_blur_and_without_its_place(arrive: Arrive) -> None:
    anna, ben = await two(arrive)
    await send(anna, photo(), captions=("the sea",))
    article = ben.page.get_by_role("article", name=re.compile("Picture: the sea"))
    await expect(article).to_be_visible()
    await expect(ben.page.get_by_role("region", name="Conversations")).to_contain_text("Picture: the sea")
    assert await article.locator("canvas").evaluate("(one) => one.width > 1 && one.height > 1"), "no blur"
    await drawn(article.locator("img"))
    await expect(article.get_by_role("button", name="Picture: the sea")).to_be_visible()
    await placed(anna, 1)
    await drawn(shown(anna))
    # what is saved is the picture, and nothing of where it was taken or by what
    await article.focus()
    async with ben.page.expect_download() as saving:
        await ben.page.keyboard.press("o")
    download = await saving.value
    bytes_ = (await download.path()).read_bytes()
    assert b"Canary" not in bytes_
    with Image.open(io.BytesIO(bytes_)) as picture:
        assert picture.size == (1600, 1200)
        assert not picture.getexif()

    # what was sent is kept no longer
    async def let_go() -> bool:
        return bool(await anna.page.evaluate(FILES) == 0)

    await until(let_go)


FILES: Final = PREVIEWS.replace('["previews", "files"]', '["files"]')


async def test_a_file_keeps_all_that_it_says_and_the_dialog_tells_so(arrive: Arrive) -> None:
    anna, ben = await two(arrive)
    dialog = await choose(anna, photo("garden.jpg"))
    await expect(dialog).to_contain_text("without the place and time it was taken")
    await dialog.get_by_label("exactly as it is").check()
    await dialog.get_by_role("button", name="Send", exact=True).click()
    article = ben.page.get_by_role("article", name=re.compile("Picture"))
    await expect(article).to_be_visible()
    await article.focus()
    async with ben.page.expect_download() as saving:
        await ben.page.keyboard.press("o")
    bytes_ = (await (await saving.value).path()).read_bytes()
    assert bytes_.count(b"Canary camera") == 1
    assert (await saving.value).suggested_filename == "garden.jpg"


async def test_files_are_dropped_and_pasted(arrive: Arrive) -> None:
    anna, ben = await two(arrive)
    for event, target, name in (("drop", ".talk", "dropped.jpg"), ("paste", ".composer textarea", "pasted.jpg")):
        picture = photo(name, 400, 300)
        files = [[name, "image/jpeg", base64.b64encode(bytes(picture["buffer"])).decode()]]  # type: ignore[arg-type]
        await anna.page.evaluate(DROP, [files, event, target])
        dialog = anna.page.get_by_role("dialog")
        await expect(dialog).to_contain_text(name)
        await dialog.get_by_role("button", name="Send", exact=True).click()
        await expect(ben.page.get_by_role("button", name=f"Picture: {name}")).to_be_visible()


async def test_several_files_and_a_text_keep_their_order(arrive: Arrive) -> None:
    anna, ben = await two(arrive)
    await send(
        anna,
        photo("one.jpg", 900, 600),
        noise(700_000, "two.bin"),
        photo("three.jpg", 600, 900),
        captions=("1", "2", "3"),
    )
    await anna.say("4")
    await ben.sees("4")
    assert await ben.texts() == ["hello", "1", "2", "3", "4"]
    await expect(ben.page.get_by_role("button", name="Download two.bin")).to_be_visible()
    await expect(ben.page.locator("article.media .file")).to_contain_text("700 kB")


async def test_a_deleted_picture_is_in_no_view_no_viewer_and_no_store(arrive: Arrive) -> None:
    anna, ben = await two(arrive)
    await send(ben, photo(), captions=("gone soon",))
    picture = anna.page.get_by_role("button", name="Picture: gone soon")
    await drawn(shown(anna))
    await picture.click()
    viewer = anna.page.get_by_role("dialog")
    await drawn(viewer.get_by_role("img", name="gone soon"))
    assert await anna.page.evaluate(PREVIEWS) > 0
    await anna.page.keyboard.press("z")
    full = viewer.get_by_role("img", name="gone soon")
    await expect(full).to_have_attribute("src", re.compile("/v1/media-links/"))
    await drawn(full)
    link = await full.get_attribute("src")
    await ben.page.locator("article.mine.media[data-number]").focus()
    await ben.page.keyboard.press("d")
    await ben.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(viewer).to_have_count(0)
    for one in (anna, ben):
        await expect(one.page.get_by_role("article", name=re.compile("Message deleted"))).to_be_visible()
        await expect(one.page.locator("article img")).to_have_count(0)

        async def nothing(one: Visitor = one) -> bool:
            return bool(await one.page.evaluate(PREVIEWS) == 0)

        await until(nothing)
    # nor does a link open it that was made before
    assert await anna.page.evaluate("async (link) => (await fetch(link)).status", link) == 409
    assert [one for one in anna.complaints if "409" in one] == anna.complaints
    anna.complaints.clear()


async def test_a_former_member_sees_what_was_said_then_and_nothing_since(arrive: Arrive) -> None:
    anna, ben = await arrive(), await arrive()
    await ben.sign_up("ben", "Ben")
    await anna.sign_up("anna", "Anna")
    await anna.page.get_by_role("button", name="New message").first.click()
    await anna.page.get_by_role("dialog").get_by_role("button", name="New group").click()
    dialog = anna.page.get_by_role("dialog")
    await dialog.get_by_label("Name of the group").fill("Garden")
    await dialog.get_by_label("Find people").fill("ben")
    await dialog.get_by_role("button", name="Ben").first.click()
    await dialog.get_by_role("button", name="Begin the group").click()
    await anna.composer.wait_for()
    await ben.open("Garden")
    await send(anna, photo(), captions=("for members",))
    await ben.sees("for members")
    await anna.page.get_by_role("button", name="About this conversation").click()
    await anna.page.locator(".details li").filter(has_text="Ben").get_by_role("button").first.click()
    await anna.page.get_by_role("dialog").get_by_role("button", name="Remove from the group").click()
    await expect(ben.page.get_by_text("You are no member any longer").first).to_be_visible()
    await send(anna, photo("after.jpg"), captions=("not for him",))
    await placed(anna, 2)
    # in a browser that keeps nothing of it yet, too
    again = await arrive()
    await again.log_in("ben", ben.page.url.removeprefix(ben.url()))
    await again.sees("for members")
    await drawn(shown(again))
    conversation = ben.page.url.split("/c/")[1].split("/")[0]
    await again.visit(f"/files/{conversation}")
    rows = again.page.locator(".sheetlike li")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("for members")


async def test_the_viewer_goes_on_by_keys_and_ends_by_escape(arrive: Arrive) -> None:
    anna, ben = await two(arrive)
    await send(anna, *(photo(f"{n}.jpg", 300 + n, 200) for n in range(3)), captions=("first", "second", "third"))
    await ben.sees("third")
    await ben.page.get_by_role("article", name=re.compile("second")).focus()
    await ben.page.keyboard.press("v")
    viewer = ben.page.get_by_role("dialog")
    await expect(viewer.get_by_role("img", name="second")).to_be_visible()
    await ben.page.keyboard.press("ArrowRight")
    await expect(viewer.get_by_role("img", name="third")).to_be_visible()
    await ben.page.keyboard.press("ArrowLeft")
    await ben.page.keyboard.press("ArrowLeft")
    await expect(viewer.get_by_role("img", name="first")).to_be_visible()
    # there is nothing older, and the button for it is not shown
    await expect(viewer.get_by_role("button", name="Newer")).to_be_visible()
    await expect(viewer.get_by_role("button", name="Older")).to_have_count(0)
    # its full size, by a link that opens this one alone
    await ben.page.keyboard.press("z")
    await expect(viewer.get_by_role("img", name="first")).to_have_attribute("src", re.compile("/v1/media-links/"))
    await drawn(viewer.get_by_role("img", name="first"))
    await ben.page.keyboard.press("Escape")
    await expect(viewer).to_have_count(0)
    await expect(ben.page.get_by_role("article", name=re.compile("second"))).to_be_focused()


async def test_a_conversations_files_have_a_page(arrive: Arrive) -> None:
    anna, ben = await two(arrive)
    await send(anna, photo("sea.jpg"), noise(2_000, "notes.txt"))
    await placed(anna, 2)
    await ben.page.get_by_role("button", name="About this conversation").click()
    await ben.page.get_by_role("link", name="Pictures and files").click()
    await expect(ben.page).to_have_url(re.compile("/files/"))
    rows = ben.page.locator(".sheetlike li")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("notes.txt")
    await drawn(rows.last.locator("img"))
    await ben.page.get_by_text("Pictures and videos", exact=True).click()
    await expect(rows).to_have_count(1)
    await rows.first.get_by_role("button").click()
    await drawn(ben.page.get_by_role("dialog").get_by_role("img", name="sea.jpg"))
    await ben.page.keyboard.press("Escape")
    await rows.first.get_by_role("link", name="Show in the conversation").click()
    await expect(ben.page.get_by_role("button", name="Picture: sea.jpg")).to_be_visible()
    # it has an address of its own
    await ben.page.go_back()
    await ben.page.reload()
    await expect(rows).to_have_count(2)


async def test_a_caption_is_edited_and_taken_away_and_the_picture_stays(arrive: Arrive) -> None:
    anna, ben = await two(arrive)
    await send(anna, photo(), captions=("teh sea",))
    await ben.sees("teh sea")
    await placed(anna, 1)
    await anna.page.locator("article.mine.media[data-number]").focus()
    await anna.page.keyboard.press("e")
    await expect(anna.composer).to_have_value("teh sea")
    await anna.composer.fill("the sea")
    await anna.composer.press("Enter")
    article = ben.page.get_by_role("article", name=re.compile("Picture: the sea, edited"))
    await expect(article).to_be_visible()
    await drawn(article.locator("img"))
    await anna.page.locator("article.mine.media[data-number]").focus()
    await anna.page.keyboard.press("e")
    await expect(anna.composer).to_have_value("the sea")
    await anna.composer.fill("")
    await anna.composer.press("Enter")
    await expect(ben.page.locator("article.media .text")).to_have_count(0)
    await drawn(shown(ben))


async def test_pictures_and_texts_are_forwarded(arrive: Arrive) -> None:
    anna, ben = await two(arrive)
    cleo = await arrive()
    await cleo.sign_up("cleo", "Cleo")
    await cleo.begin_with("anna", "Anna")
    await cleo.say("hello Anna")
    await send(ben, photo(), captions=("the sea",))
    await anna.sees("the sea")
    await ben.say("what a day")
    await anna.sees("what a day")
    for words in ("the sea", "what a day"):
        await anna.page.get_by_role("article", name=re.compile(words)).focus()
        await anna.page.keyboard.press("f")
        dialog = anna.page.get_by_role("dialog")
        await dialog.get_by_label("Find a conversation").fill("cle")
        await dialog.get_by_role("button", name="Cleo").click()
        await cleo.sees(words)
    article = cleo.page.get_by_role("article", name=re.compile("Picture: the sea"))
    await drawn(article.locator("img"))
    # what is deleted where it came from stays where it was sent
    await ben.page.get_by_role("article", name=re.compile("the sea")).focus()
    await ben.page.keyboard.press("d")
    await ben.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(anna.page.get_by_role("article", name=re.compile("Message deleted"))).to_be_visible()
    await article.focus()
    async with cleo.page.expect_download() as saving:
        await cleo.page.keyboard.press("o")
    assert len((await (await saving.value).path()).read_bytes()) > 1_000


async def test_a_voice_message_is_recorded_and_played(
    playwright: Playwright, served: ServerProcess, complaints: list[str], arrive: Arrive
) -> None:
    microphone = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    browser = await playwright.chromium.launch(
        executable_path=CHROMIUM, args=[*ARGUMENTS, *microphone], timeout=CALL_MS
    )
    try:
        options: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"}
        anna = await visitor_in(await browser.new_context(**options), complaints, lambda: served.url)
        ben = await arrive()
        await ben.sign_up("ben", "Ben")
        await anna.sign_up("anna", "Anna")
        await anna.begin_with("ben", "Ben")
        await anna.page.get_by_role("button", name="Attach").click()
        await anna.page.get_by_role("menuitem", name="Record a voice message").click()
        dialog = anna.page.get_by_role("dialog")
        await expect(dialog).to_contain_text("Recording, 0:02")
        await dialog.get_by_role("button", name="Send", exact=True).click()
        await ben.open("Anna")
        article = ben.page.get_by_role("article", name=re.compile("Voice message"))
        await expect(article).to_be_visible()
        await article.get_by_role("button", name="Play").click()
        await expect(article.get_by_role("button", name="Pause")).to_be_visible()
        audio = article.locator("audio")

        async def heard() -> bool:
            return bool(await audio.evaluate("(one) => one.currentTime > 0.2"))

        await until(heard)
        await expect(ben.page.get_by_role("region", name="Conversations")).to_contain_text("Voice message")
    finally:
        await browser.close()
    assert complaints == []
