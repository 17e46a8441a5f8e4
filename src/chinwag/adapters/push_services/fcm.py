"""Firebase Cloud Messaging, HTTP v1: data messages, which the app shows as it likes."""

from typing import Final
from urllib.parse import quote

import msgspec

from chinwag.adapters.outgoing.guarded import Answered
from chinwag.adapters.push_services.asking import Asking
from chinwag.adapters.push_services.payload import APP_BYTES, fitting, ids, words
from chinwag.adapters.push_services.service_account import AccessTokens, ServiceAccount
from chinwag.domain.push_notice import Ended, Failed, FcmAddress, PushNotice, PushOutcome, TooLarge, Unwanted
from chinwag.ports.push_service import Still, always

FCM_HOST: Final = "fcm.googleapis.com"
FCM_URL: Final = f"https://{FCM_HOST}"
DATA_BYTES: Final = APP_BYTES - 512
"""What we use of the 4,096 that a message's data may have: how its pairs are counted is not written anywhere."""


class _Detail(msgspec.Struct):
    error_code: str = msgspec.field(name="errorCode", default="")
    violations: list[dict[str, object]] = msgspec.field(name="fieldViolations", default_factory=list)


class _Error(msgspec.Struct):
    status: str = ""
    details: list[_Detail] = msgspec.field(default_factory=list)


class _Problem(msgspec.Struct):
    error: _Error


class Fcm:
    """`PushService` for apps by Firebase. One `collapse_key` an account, as Firebase keeps at most four a device: the
    app fetches what it missed. The tag goes with the data, by which the app replaces what it shows."""

    def __init__(self, asking: Asking, account: ServiceAccount, url: str = FCM_URL) -> None:
        self._asking = asking
        self._tokens = AccessTokens(account, asking)
        self._url = f"{url}/v1/projects/{quote(account.project_id, safe='')}/messages:send"

    async def send(self, to: FcmAddress, notice: PushNotice, still: Still = always) -> PushOutcome:
        data = _data(notice)
        if data is None:
            return TooLarge()
        token = await self._tokens.token()
        if not isinstance(token, str):
            return token
        android = {
            "collapse_key": notice.account,
            "priority": "HIGH" if notice.urgent else "NORMAL",
            "ttl": f"{notice.ttl_seconds}s",
        }
        body = msgspec.json.encode({"message": {"token": to.token, "data": data, "android": android}})
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        return await self._asking.ask(
            self._url, body, headers, lambda answered: self._read(answered, token), still=still
        )

    def resting(self, _: FcmAddress) -> float:
        return self._asking.resting(self._url)

    async def close(self) -> None:
        await self._tokens.close()
        await self._asking.web.close()

    def _read(self, answered: Answered, token: str) -> PushOutcome | None:
        """By the code of Firebase's own, where it gives one."""
        code, field = _code(answered.body)
        match answered.status, code:
            case _, "UNREGISTERED":
                return Ended("the app is not there any more")
            case _, "SENDER_ID_MISMATCH":
                return Ended("the app is registered with another project")
            case 400, "INVALID_ARGUMENT" if field == "message.token":
                return Ended("its token is none")
            case _, "THIRD_PARTY_AUTH_ERROR":
                return Unwanted("Firebase lacks the key for this kind of device")
            case 401, _:
                return Failed("the access token is over") if self._tokens.forget(token) else None
            case ((403 | 404), _):
                return None
            case 413, _:
                return TooLarge()
            case status, _:
                return Unwanted(f"it answers {status}")


def _data(notice: PushNotice) -> dict[str, str] | None:
    """What the app gets: each field as text, as Firebase wants it; None if it is too much."""
    fixed = {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in ids(notice).items()
    }
    fitted = fitting(notice.text, lambda text: fixed | words(notice, text), DATA_BYTES)
    return None if fitted is None else msgspec.json.decode(fitted, type=dict[str, str])


def _code(body: bytes) -> tuple[str, str]:
    """Firebase's code, or else Google's, and the field that is wrong; empty for what is not said."""
    try:
        error = msgspec.json.decode(body, type=_Problem).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "", ""
    code = next((detail.error_code for detail in error.details if detail.error_code), error.status)
    fields = (str(wrong.get("field", "")) for detail in error.details for wrong in detail.violations)
    return code, next(fields, "")
