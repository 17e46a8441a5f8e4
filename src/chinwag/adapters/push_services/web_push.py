"""Web Push: to browsers, by whichever push service each has chosen (RFC 8030, 8291, 8292)."""

from typing import Final

from chinwag.adapters.outgoing.guarded import Answered
from chinwag.adapters.push_services.aes128gcm import CONTENT_BYTES, encrypt
from chinwag.adapters.push_services.asking import Asking
from chinwag.adapters.push_services.payload import filled, fitting, ids, words
from chinwag.adapters.push_services.vapid import Vapid
from chinwag.domain.push_notice import Ended, PushNotice, PushOutcome, TooLarge, Unwanted, WebAddress
from chinwag.outgoing_url import origin_of
from chinwag.ports.push_service import Still, always

_TYPE: Final = {"content-encoding": "aes128gcm", "content-type": "application/octet-stream"}


class WebPush:
    """`PushService` for browsers. A push that was not handed over is replaced by the next of its tag (`Topic`)."""

    def __init__(self, asking: Asking, vapid: Vapid) -> None:
        self._asking = asking
        self._vapid = vapid

    async def send(self, to: WebAddress, notice: PushNotice, still: Still = always) -> PushOutcome:
        content = fitting(notice.text, lambda text: ids(notice) | words(notice, text), CONTENT_BYTES)
        if content is None:
            return TooLarge()
        authorization = self._vapid.authorization(origin_of(to.endpoint), to.key)
        if authorization is None:
            return Ended("the key that it subscribed with is gone")
        try:
            body = encrypt(filled(content), to.p256dh, to.auth)
        except ValueError:
            return Ended("its keys are none")
        headers = _TYPE | {
            "authorization": authorization,
            "ttl": str(notice.ttl_seconds),
            "urgency": "high" if notice.urgent else "normal",
            "topic": notice.tag,
        }
        return await self._asking.ask(to.endpoint, body, headers, _read, still=still)

    def resting(self, to: WebAddress) -> float:
        return self._asking.resting(to.endpoint)

    async def close(self) -> None:
        await self._asking.web.close()


def _read(answered: Answered) -> PushOutcome | None:
    match answered.status:
        case 404 | 410:
            return Ended("the browser's push service does not know it any more")
        case 413:
            return TooLarge()
        case 401 | 403:
            return None
        case status:
            return Unwanted(f"it answers {status}")
