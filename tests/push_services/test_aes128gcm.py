"""The encryption of Web Push: the example of RFC 8291 byte for byte, and whatever a browser opens."""

from typing import Final

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from tests.support.push_browser import PushBrowser, base64url, unbase64url

from chinwag.adapters.push_services.aes128gcm import CONTENT_BYTES, RECORD_BYTES, encrypt

PLAIN: Final = b"When I grow up, I want to be a watermelon"
SERVER: Final = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
BROWSER: Final = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
POINT: Final = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH: Final = "BTBZMqHH6r4Tts7J_aSIgg"
SALT: Final = "DGv6ra1nlYgDCS1FRnbzlw"
BODY: Final = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
    "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def private(number: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(unbase64url(number)), ec.SECP256R1())


def test_the_example_of_the_rfc_comes_out_byte_for_byte() -> None:
    body = encrypt(PLAIN, unbase64url(POINT), unbase64url(AUTH), key=private(SERVER), salt=unbase64url(SALT))
    assert base64url(body) == BODY


def test_the_example_of_the_rfc_is_opened_by_the_browser_of_our_tests() -> None:
    browser = PushBrowser(private(BROWSER), unbase64url(AUTH))
    assert base64url(browser.p256dh) == POINT
    assert browser.open(unbase64url(BODY)) == PLAIN


@given(st.binary(max_size=CONTENT_BYTES))
def test_a_browser_opens_whatever_is_encrypted_for_it(content: bytes) -> None:
    browser = PushBrowser()
    body = encrypt(content, browser.p256dh, browser.auth)
    assert browser.open(body) == content
    assert len(body) == len(content) + RECORD_BYTES - CONTENT_BYTES


@given(st.integers(0, 143), st.integers(1, 255))
def test_a_changed_byte_is_never_opened(at: int, by: int) -> None:
    browser = PushBrowser()
    body = bytearray(encrypt(PLAIN, browser.p256dh, browser.auth))
    body[at] ^= by
    # The size of a record only bounds it: any that is large enough opens the same.
    if 16 <= at < 20:
        return
    with pytest.raises((InvalidTag, ValueError, AssertionError)):
        browser.open(bytes(body))


def test_nobody_else_opens_it() -> None:
    browser = PushBrowser()
    body = encrypt(PLAIN, browser.p256dh, browser.auth)
    with pytest.raises(InvalidTag):
        PushBrowser().open(body)
    with pytest.raises(InvalidTag):
        PushBrowser(auth=browser.auth).open(body)


def test_two_of_one_content_have_nothing_in_common() -> None:
    browser = PushBrowser()
    one, other = (encrypt(PLAIN, browser.p256dh, browser.auth) for _ in range(2))
    assert one[:16] != other[:16]
    assert one[21:86] != other[21:86]
    assert one[86:] != other[86:]


@pytest.mark.parametrize(
    ("content", "p256dh", "auth"),
    [
        (b"x" * (CONTENT_BYTES + 1), unbase64url(POINT), unbase64url(AUTH)),
        (PLAIN, unbase64url(POINT)[:-1], unbase64url(AUTH)),
        (PLAIN, b"\x04" + b"\x01" * 64, unbase64url(AUTH)),
        (PLAIN, unbase64url(POINT), unbase64url(AUTH)[:-1]),
        (PLAIN, b"", b""),
    ],
)
def test_what_is_no_key_is_refused(content: bytes, p256dh: bytes, auth: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever of the library's own
        encrypt(content, p256dh, auth)
