"""What a client asks about pushes, with a real server that may push to this machine."""

from pathlib import Path

import pytest
from prove.process import ServerProcess
from tests.support.push_receiver import push_receiver

from chinwag.client import ApiError, Client
from chinwag.wire.push import FcmSubscription, WebSubscription
from chinwag.wire.values import QuietHours

pytestmark = pytest.mark.asyncio
PASSWORD = "correct horse battery"


async def test_a_device_subscribes_and_an_account_chooses(tmp_path: Path) -> None:
    async with push_receiver() as receiver:
        environment = {
            "CHINWAG_PUSH_CONTACT": "mailto:ops@example.org",
            "CHINWAG_PUSH_HOSTS": "127.0.0.1",
            "CHINWAG_PUSH_ALLOW_THIS_MACHINE": "true",
        }
        process = ServerProcess(tmp_path / "data", environment=environment)
        await process.start()
        try:
            async with await Client.sign_up(process.url, "ada", PASSWORD) as ada:
                kinds = await ada.push_kinds()
                assert kinds.web is not None
                assert not kinds.fcm
                assert await ada.subscription() is None
                browser = receiver.subscribe(kinds.web.key)
                given = WebSubscription(**browser.body["web"])
                made = await ada.subscribe(given)
                assert (made.kind, made.endpoint) == ("web", browser.endpoint)
                assert await ada.subscription() == made
                with pytest.raises(ApiError) as told:
                    await ada.subscribe(FcmSubscription("a token"))
                assert told.value.code == "push_unavailable"

                quiet = QuietHours(start="22:00", end="07:00", zone="Europe/Berlin")
                assert (await ada.set_pushes(preview="sender", quiet_hours=quiet)).quiet_hours == quiet
                settings = await ada.set_pushes(preview="none")
                assert (settings.push_preview, settings.quiet_hours) == ("none", quiet)
                assert (await ada.set_pushes(quiet_hours=None)).quiet_hours is None
                assert (await ada.settings()).push_preview == "none"

                await ada.test_push()
                (pushed, *_) = await receiver.until(browser, 1)
                assert pushed.payload["kind"] == "test"
                await ada.unsubscribe()
                assert await ada.subscription() is None
                with pytest.raises(ApiError) as told:
                    await ada.test_push()
                assert told.value.code == "not_found"
        finally:
            process.end()
            print(process.log())
