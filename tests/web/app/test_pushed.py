"""What a browser shows of what is pushed to it while no window of the app is open, and what a person does with that."""

import re
from typing import Final, NamedTuple

import pytest
from playwright.async_api import expect
from tests.web.app.conftest import Arrive
from tests.web.app.test_told import UNHEARD
from tests.web.app.visitor import Visitor, until
from tests.web.gate import Gate
from tests.web.pushes import Pushes


class Scene(NamedTuple):
    """Anna, who is pushed to; Ben, who writes; their conversation, in which two messages stand."""

    anna: Visitor
    ben: Visitor
    pushes: Pushes
    conversation: str

    async def leave(self) -> None:
        """Close Anna's app."""
        await self.anna.page.close()

    async def come_back(self, path: str = "/") -> Visitor:
        """Open Anna's app again, in the same browser."""
        again = Visitor(await self.pushes.context.new_page(), self.anna.complaints, self.anna.url)
        again.may_be_alone = self.anna.may_be_alone
        await again.visit(path)
        return again


@pytest.fixture
async def scene(arrive: Arrive, line: Gate) -> Scene:
    """With nothing pushed yet, and Anna's app open at the conversation, over a line that can be cut."""
    anna, ben = await arrive(permissions=["notifications"], url=lambda: line.url), await arrive()
    await anna.sign_up("anna", "Anna")
    await ben.sign_up("ben", "Ben")
    await anna.begin_with("ben", "Ben")
    await anna.say("hello")
    await ben.open("Anna")
    await ben.say("hello yourself")
    await anna.sees("hello yourself")
    conversation = anna.page.url.rpartition("/c/")[2]
    return Scene(anna, ben, await Pushes.to(anna.page), conversation)


async def _a_push_is_shown_with_the_app_closed(scene: Scene) -> None:
    await scene.pushes.message(scene.conversation, 3, "are you there?", unread=4)
    await scene.pushes.shows(("Ben", "are you there?"))
    [shown] = await scene.pushes.shown()
    assert shown["path"] == f"/c/{scene.conversation}/3"
    assert await scene.pushes.badge() == 4


async def _conversations_stand_apart_and_the_newest_of_one_replaces_the_older(scene: Scene) -> None:
    await scene.pushes.message(scene.conversation, 3, "first")
    await scene.pushes.message("77", 9, "in the garden", sender="Cleo", title="Gardeners")
    await scene.pushes.message(scene.conversation, 4, "second")
    await scene.pushes.shows(("Ben", "second"), ("Cleo in Gardeners", "in the garden"))
    # What was overtaken on its way replaces nothing.
    await scene.pushes.message(scene.conversation, 3, "first")
    await scene.pushes.deliver(kind="test")
    await scene.pushes.shows(
        ("Ben", "second"),
        ("Chinwag", "This is how Chinwag tells you of messages."),
        ("Cleo in Gardeners", "in the garden"),
    )


async def _what_is_read_elsewhere_goes_and_the_rest_stays(scene: Scene) -> None:
    await scene.pushes.message(scene.conversation, 3, "read me")
    await scene.pushes.message("77", 9, "and me", sender="Cleo")
    await scene.pushes.shows(("Ben", "read me"), ("Cleo", "and me"))
    await scene.pushes.deliver(kind="clear", conversation=scene.conversation, number=3, unread=1)
    await scene.pushes.shows(("Cleo", "and me"))
    await until(lambda: _badge_is(scene, 1))
    # One that was written after what was read is still to be read.
    await scene.pushes.message("77", 10, "once more", sender="Cleo")
    await scene.pushes.deliver(kind="clear", conversation="77", number=9, unread=1)
    await scene.pushes.shows(("Cleo", "once more"))
    await scene.pushes.deliver(kind="clear", conversation="77", number=10, unread=0)
    await scene.pushes.shows()
    await until(lambda: _badge_is(scene, 0))


async def _a_push_without_words_shows_none(scene: Scene) -> None:
    await scene.pushes.message(scene.conversation, 3, "")
    await scene.pushes.shows(("Chinwag", "New message"))


async def _a_summary_and_what_nobody_understands_are_plain_lines(scene: Scene) -> None:
    await scene.pushes.deliver(kind="summary", unread=12)
    await scene.pushes.shows(("Chinwag", "12 unread messages"))
    await scene.pushes.hand_over('{"v": 9, "kind": "something later"}')
    await scene.pushes.hand_over("no JSON at all")
    await scene.pushes.shows(("Chinwag", "12 unread messages"), ("Chinwag", "You have new messages."))


async def _an_answer_without_words_opens_the_conversation(scene: Scene) -> None:
    await scene.pushes.message(scene.conversation, 2, "hello yourself")
    await scene.pushes.shows(("Ben", "hello yourself"))
    await scene.pushes.click(scene.conversation, "reply", "  ")
    assert await scene.pushes.opened() == [f"/c/{scene.conversation}/2"]


WITHOUT_THE_APP: Final = (
    _a_push_is_shown_with_the_app_closed,
    _conversations_stand_apart_and_the_newest_of_one_replaces_the_older,
    _what_is_read_elsewhere_goes_and_the_rest_stays,
    _a_push_without_words_shows_none,
    _a_summary_and_what_nobody_understands_are_plain_lines,
    _an_answer_without_words_opens_the_conversation,
)
"""What is shown with the app closed, and changes nothing but that: all of it in one browser, as each costs one."""


async def test_what_is_shown_with_the_app_closed(scene: Scene) -> None:
    await scene.leave()
    for part in WITHOUT_THE_APP:
        print(part.__name__)
        await part(scene)
        await scene.pushes.deliver(kind="clear", unread=0)
        await scene.pushes.shows()


async def test_a_click_opens_the_message_in_a_new_window(scene: Scene) -> None:
    await scene.leave()
    await scene.ben.say("look at this one")
    await scene.pushes.message(scene.conversation, 3, "look at this one")
    await scene.pushes.shows(("Ben", "look at this one"))
    await scene.pushes.click(scene.conversation)
    [path] = await scene.pushes.opened()
    again = await scene.come_back(path)
    await again.sees("look at this one")
    await scene.pushes.shows()


async def test_a_click_brings_a_window_that_is_open_to_the_message(scene: Scene) -> None:
    await scene.anna.page.get_by_role("link", name="People").click()
    await expect(scene.anna.composer).to_have_count(0)
    await scene.pushes.message(scene.conversation, 2, "hello yourself")
    await until(lambda: _shows_something(scene))
    # The window may not be brought to the front for a click that nobody made: that is the only thing that fails.
    with pytest.raises(Exception, match="focus"):
        await scene.pushes.click(scene.conversation)
    await expect(scene.anna.page).to_have_url(re.compile(f"/c/{re.escape(scene.conversation)}/2$"))
    await scene.anna.sees("hello yourself")
    assert await scene.pushes.opened() == []


async def test_an_answer_in_the_notification_is_sent_with_the_app_closed(scene: Scene) -> None:
    await scene.leave()
    await scene.ben.say("shall we?")
    await scene.pushes.message(scene.conversation, 3, "shall we?")
    await scene.pushes.shows(("Ben", "shall we?"))
    await scene.pushes.click(scene.conversation, "reply", " we shall ")
    await scene.ben.sees("we shall")
    await scene.pushes.shows()
    # It stands for having read what it answers.
    await expect(scene.ben.page.locator("article.mine").last).to_have_attribute("aria-label", re.compile("read"))
    again = await scene.come_back(f"/c/{scene.conversation}")
    await again.sees("we shall")
    assert (await again.texts()).count("we shall") == 1
    assert (await scene.ben.texts()).count("we shall") == 1


async def test_an_answer_goes_by_the_window_that_is_open(scene: Scene) -> None:
    await scene.anna.page.get_by_role("link", name="People").click()
    await expect(scene.anna.composer).to_have_count(0)
    await scene.pushes.message(scene.conversation, 2, "hello yourself")
    await until(lambda: _shows_something(scene))
    await scene.pushes.click(scene.conversation, "reply", "from the notification")
    await scene.ben.sees("from the notification")
    await scene.anna.page.get_by_role("link", name="Ben").first.click()
    await scene.anna.sees("from the notification")
    assert (await scene.anna.texts()).count("from the notification") == 1


async def test_an_answer_that_finds_no_server_is_kept_and_goes_out_once(scene: Scene, line: Gate) -> None:
    scene.anna.may_be_alone = True
    await scene.leave()
    await scene.pushes.message(scene.conversation, 2, "hello yourself")
    await scene.pushes.shows(("Ben", "hello yourself"))
    line.cut()
    await scene.pushes.click(scene.conversation, "reply", "kept for later")
    await scene.pushes.shows(("Ben", "Your answer is kept. It goes out when you open Chinwag."))
    line.mend()
    again = await scene.come_back(f"/c/{scene.conversation}")
    await again.sees("kept for later")
    await scene.ben.sees("kept for later")
    assert (await scene.ben.texts()).count("kept for later") == 1


async def test_what_lies_before_the_person_is_not_shown(scene: Scene) -> None:
    await scene.pushes.message(scene.conversation, 2, "hello yourself")
    await scene.pushes.message("77", 1, "elsewhere", sender="Cleo")
    # The app that is open takes away again what it finds in no conversation.
    await until(lambda: _told(scene))
    assert await scene.pushes.told() == [["Cleo", "elsewhere"]]


async def test_of_one_message_the_app_and_a_push_make_one_notification(scene: Scene) -> None:
    await scene.anna.page.evaluate(UNHEARD)
    await scene.anna.page.get_by_role("link", name="People").click()
    await expect(scene.anna.composer).to_have_count(0)
    await scene.ben.say("told twice")
    await scene.pushes.shows(("Ben", "told twice"))
    await scene.pushes.message(scene.conversation, 3, "told twice")
    await scene.pushes.deliver(kind="test")
    await scene.pushes.shows(("Ben", "told twice"), ("Chinwag", "This is how Chinwag tells you of messages."))


async def test_whoever_has_logged_out_is_shown_nothing(scene: Scene) -> None:
    await scene.anna.page.get_by_role("link", name="Settings").click()
    await scene.anna.page.get_by_role("button", name="Log out").last.click()
    await scene.anna.page.get_by_role("dialog").get_by_role("button", name="Log out").click()
    await scene.anna.at_the_door()
    await scene.leave()
    await scene.pushes.message(scene.conversation, 3, "for Anna alone")
    await scene.pushes.hand_over("no JSON at all")
    await scene.pushes.shows(("Chinwag", "You have new messages."))


async def _told(scene: Scene) -> bool:
    return bool(await scene.pushes.told())


async def _badge_is(scene: Scene, count: int) -> bool:
    return await scene.pushes.badge() == count


async def _shows_something(scene: Scene) -> bool:
    return len(await scene.pushes.shown()) > 0
