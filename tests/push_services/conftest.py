"""What the tests of push services share: notices, keys, and a clock that is moved by hand."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.push_notice import NoticeKind, PushNotice
from chinwag.flow.clock import system_clock

TAG = "0123456789abcdefghijklmn"


class HandClock:
    """Both clocks of a service: the machine's, and one that only rises; moved by as many seconds as one says."""

    def __init__(self) -> None:
        self.moved = 0.0

    def wall(self) -> int:
        """Milliseconds since 1970."""
        return system_clock() + round(self.moved * 1000)

    def steady(self) -> float:
        """Seconds, from 0."""
        return self.moved


@pytest.fixture
def time() -> HandClock:
    return HandClock()


def notice(**changes: Any) -> PushNotice:
    """One of a message with words."""
    given: dict[str, Any] = {
        "kind": NoticeKind.MESSAGE,
        "account": AccountId("77"),
        "conversation": ConversationId("g~5"),
        "number": 12,
        "tag": TAG,
        "unread": 3,
        "mentions": 1,
        "title": "Ann",
        "sender": "Ann",
        "text": "See you at noon",
    }
    return PushNotice(**(given | changes))


def new_key() -> bytes:
    """A private key on P-256: PEM, PKCS 8."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
