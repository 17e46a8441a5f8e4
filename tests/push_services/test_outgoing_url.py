"""Addresses that strangers name: which may be asked, by their words alone."""

from typing import Final

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chinwag.outgoing_url import host_fits, is_pattern, origin_of, outgoing_host

HOSTS: Final = ("fcm.googleapis.com", "updates.push.services.mozilla.com", "*.push.apple.com", "*.notify.windows.com")

TAKEN: Final = {
    "https://fcm.googleapis.com/fcm/send/abc:def": "fcm.googleapis.com",
    "https://FCM.googleapis.com/x": "fcm.googleapis.com",
    "https://fcm.googleapis.com:443/x?y=z": "fcm.googleapis.com",
    "https://web.push.apple.com/x": "web.push.apple.com",
    "https://a.b.push.apple.com/x": "a.b.push.apple.com",
    "https://db5p.notify.windows.com/w/?token=a%2bb": "db5p.notify.windows.com",
}

REFUSED: Final = (
    "http://fcm.googleapis.com/x",
    "https://fcm.googleapis.com:8443/x",
    "https://fcm.googleapis.com:80/x",
    "https://user@fcm.googleapis.com/x",
    "https://fcm.googleapis.com@evil.example/x",
    "https://evil.example/fcm.googleapis.com",
    "https://evil.example#fcm.googleapis.com",
    "https://evil.example\\@fcm.googleapis.com/",
    "https://fcm.googleapis.com\\.evil.example/",
    "https://fcm.googleapis.com.evil.example/x",
    "https://fcm.googleapis.com./x",
    "https://evilfcm.googleapis.com/x",
    "https://push.apple.com/x",
    "https://.push.apple.com/x",
    "https://evilpush.apple.com/x",
    "https://127.0.0.1/x",
    "https://2130706433/x",
    "https://[::1]/x",
    "https://localhost/x",
    "https://93.184.215.14/x",
    "https://0x7f.1/x",
    "https://0177.0.0.1/x",
    "https://a.0x/x",
    "https://fcm.googleapis.com:443@evil.example/x",
    "https://fcm.googleapis.com:/x",
    "https://fcm.googleapis.com:+443/x",
    "https://fcm.googleapis.com:0443/x",
    "https://fcm.googleapis.com\t/x",
    "https://fcm.googleapis.com/\r\nhost: evil",
    "https://fcm.googleapis.com/ x",
    "https://fcm.googleapıs.com/x",
    "https:///fcm.googleapis.com/x",
    "https:fcm.googleapis.com/x",
    "//fcm.googleapis.com/x",
    "ftp://fcm.googleapis.com/x",
    "file:///etc/passwd",
    "https://fcm.googleapis.com/" + "x" * 2048,
    "https://[fcm.googleapis.com/x",
    "",
)


@pytest.mark.parametrize("url", TAKEN)
def test_what_push_services_hand_out_is_taken(url: str) -> None:
    assert outgoing_host(url, HOSTS) == TAKEN[url]


@pytest.mark.parametrize("url", REFUSED)
def test_anything_else_is_refused(url: str) -> None:
    assert outgoing_host(url, HOSTS) is None


@given(st.text(alphabet="htps:/.@\\#?[]%fcmgoleai-*0127 \t\r\n", max_size=60))
def test_the_client_sees_the_host_that_was_allowed(rest: str) -> None:
    for url in (rest, "https://" + rest, "https://fcm.googleapis.com" + rest, f"https://{rest}.push.apple.com/"):
        host = outgoing_host(url, HOSTS)
        if host is not None:
            assert host_fits(host, HOSTS)
            seen = httpx2.URL(url)
            assert (seen.scheme, seen.host, seen.port, seen.userinfo) == ("https", host, None, b"")


@pytest.mark.parametrize("pattern", ["*", "a.example", "*.a.example", "localhost", "127.0.0.1"])
def test_patterns(pattern: str) -> None:
    assert is_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["", "*.", "a.*.example", "**", "*a.example", "A.example", "a..example", "-a.example", "https://a", "a/b"],
)
def test_what_is_no_pattern(pattern: str) -> None:
    assert not is_pattern(pattern)


def test_a_star_alone_names_any_host_and_still_only_https() -> None:
    assert outgoing_host("https://a.example/", ("*",)) == "a.example"
    assert outgoing_host("http://a.example/", ("*",)) is None


def test_tests_reach_this_machine_where_that_is_said() -> None:
    assert outgoing_host("http://127.0.0.1:8080/x", ("*",), dangerous=True) == "127.0.0.1"
    assert outgoing_host("http://127.0.0.1:8080/x", HOSTS, dangerous=True) is None
    assert outgoing_host("http://2130706433/x", ("*",), dangerous=True) is None
    assert outgoing_host("https://93.184.215.14/x", ("*",)) is None


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://a.example/x", "https://a.example"),
        ("https://a.example:443/x", "https://a.example"),
        ("HTTPS://A.Example/X", "https://a.example"),
        ("https://a.example:8443/x?y", "https://a.example:8443"),
        ("http://127.0.0.1:80/x", "http://127.0.0.1"),
        ("http://127.0.0.1:443/x", "http://127.0.0.1:443"),
    ],
)
def test_an_origin_has_one_form_however_the_address_is_written(url: str, origin: str) -> None:
    assert origin_of(url) == origin
