"""A server's address, in every form in which people type one: one form, or the cause in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chinwag.client import BadAddress, Client, server_address
from chinwag.client.connection import connect
from chinwag.client.errors import Unreachable
from chinwag.client.http import tls_context


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("http://127.0.0.1:8420", "http://127.0.0.1:8420"),
        ("HTTP://LocalHost:8420/", "http://localhost:8420"),
        ("  https://chat.example.org:443  ", "https://chat.example.org"),
        ("http://example.org:80/talk/", "http://example.org/talk"),
        ("http://[::1]:8420", "http://[::1]:8420"),
        ("https://Bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_one_form(typed: str, meant: str) -> None:
    assert server_address(typed) == meant
    assert server_address(meant) == meant


@pytest.mark.parametrize(
    ("typed", "cause"),
    [
        ("", "empty"),
        ("ws://127.0.0.1:8420", "http://127.0.0.1:8420"),
        ("WSS://example.org", "https://example.org"),
        ("127.0.0.1:8420", "Is http://127.0.0.1:8420 meant?"),
        ("localhost:8420", "Is http://localhost:8420 meant?"),
        ("ftp://example.org", "neither http:// nor https://"),
        ("http://127.0.0.1:99999", "1 to 65535"),
        ("http://127.0.0.1:0", "1 to 65535"),
        ("http://127.0.0.1:port", "1 to 65535"),
        ("http://[::1", "bracket"),
        ("http://[::1:8420", "bracket"),
        ("http://[hello]:8420", "cannot be read"),
        ("http://", "no host"),
        ("http://a b", "space"),
        ("http://a\x1b[2J", "cannot be shown"),
        ("http://a\udcff", "cannot be shown"),
        ("http://ada:secret@example.org", "user or a password"),
        ("http://example.org/?x", "?"),
        ("http://ex_ample!.org", "character that no host has"),
        ("http://" + "a" * 3_000, "too long"),
    ],
)
def test_the_cause_is_told(typed: str, cause: str) -> None:
    with pytest.raises(BadAddress, match="is no address of a server") as told:
        server_address(typed)
    assert cause in str(told.value)


@given(st.one_of(st.text(), st.from_regex(r"\A(?i:https?|wss?)://[\[\]:@a-z0-9/?#.%-]*\Z")))
def test_whatever_is_typed_is_an_address_or_told(typed: str) -> None:
    try:
        meant = server_address(typed)
    except BadAddress as error:
        said = str(error)
    else:
        assert server_address(meant) == meant
        said = meant
    assert said.isprintable()


@pytest.mark.asyncio
@pytest.mark.parametrize("typed", ["ws://127.0.0.1:1", "http://127.0.0.1:99999", "http://[::1"])
async def test_logging_in_tells_it_too(typed: str) -> None:
    with pytest.raises(BadAddress):
        await Client.log_in(typed, "ada", "a password")


@pytest.mark.asyncio
async def test_a_gateway_of_discovery_that_is_none_is_not_reached() -> None:
    for url in ("http://[::1", "ws://127.0.0.1:1", "http://127.0.0.1:99999", "nonsense"):
        with pytest.raises(Unreachable):
            await connect(url, tls_context(None), lambda _connection, _frame: None)
