"""No cache grows with what a stranger sends: ids are bounded before anything looks at them."""

import gc
import importlib
import pkgutil
import sys
from functools import _lru_cache_wrapper
from types import SimpleNamespace
from typing import Any, Final

import pytest

import chinwag
from chinwag.adapters import names
from chinwag.adapters.embedded import keys
from chinwag.domain.address import network_of
from chinwag.domain.body import Text
from chinwag.domain.command import Action, Add, Create, Join, Remove, Send, SetRole
from chinwag.domain.conversation import GroupSettings, Role
from chinwag.domain.ids import (
    ACCOUNT_CHARACTERS,
    CLIENT_CHARACTERS,
    CONVERSATION_CHARACTERS,
    ID_BYTES,
    AccountId,
    ClientId,
    ConversationId,
    DeviceId,
)
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.accept import Accept, AcceptRules
from chinwag.flow.wish import Wish
from chinwag.ports.message_store import KeyName
from chinwag.wire import frames

send = importlib.import_module("chinwag.roles.gateway.verbs.send")
typing = importlib.import_module("chinwag.roles.gateway.verbs.typing")

MOST: Final = 64 << 20
"""Bytes that one cache may keep for good."""

LONGEST: Final[dict[str, tuple[int, str]]] = {
    "chinwag.adapters.embedded.keys.fresh_name": (ID_BYTES, "refuses what is longer"),
    "chinwag.adapters.embedded.keys.send_key": (3 * ID_BYTES, "refuses what is longer"),
    "chinwag.adapters.names.written": (ID_BYTES, "refuses what is longer"),
    "chinwag.config.catalogue": (0, "takes nothing from outside"),
    "chinwag.domain.ids.direct_id": (2 * ACCOUNT_CHARACTERS, "`send` looks at the length first"),
    "chinwag.domain.normal_form": (4, "one character"),
    "chinwag.domain.letters": (4, "one character, or `SHORT` of them"),
    "chinwag.domain.look_alike": (0, "takes nothing from outside"),
    "chinwag.domain.account": (0, "takes nothing from outside"),
    "chinwag.adapters.relational.revisions": (0, "takes nothing from outside"),
    "chinwag.domain.address._network_of": (64, "`network_of` cuts what it is given"),
    "chinwag.domain.address._networks_of": (64, "`networks_of` cuts what it is given"),
    "chinwag.domain.address.is_loopback": (64, "the peer's address, from the system"),
}
"""Each cache of functions by the place of its function: how long a key may be, in characters, and why."""

KEPT: Final = 200
"""Bytes for an entry besides its key and its value, which may be as long as the key."""


def caches() -> list[tuple[str, Any]]:
    for module in pkgutil.walk_packages(chinwag.__path__, "chinwag."):
        if "migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found = [one for one in gc.get_objects() if isinstance(one, _lru_cache_wrapper)]
    return [
        (f"{one.__wrapped__.__module__}.{one.__wrapped__.__qualname__}", one)
        for one in found
        if one.__wrapped__.__module__.startswith("chinwag.")
    ]


def test_every_cache_of_functions_is_bounded_in_bytes() -> None:
    for name, cache in caches():
        places = [place for place in LONGEST if name == place or name.rpartition(".")[0] == place]
        assert places, f"{name}: say in LONGEST how long its keys may be, and who sees to it"
        longest, _ = LONGEST[places[0]]
        if longest:
            assert cache.cache_parameters()["maxsize"] is not None, name
            assert cache.cache_parameters()["maxsize"] * (2 * longest + KEPT) <= MOST, name


@pytest.mark.parametrize("to", ["9" * (ACCOUNT_CHARACTERS + 1), "9" * 2_000_000, "\U0001f600" * 500_000])
def test_a_send_to_nobody_leaves_nothing_behind(to: str) -> None:
    session = SimpleNamespace(out=SimpleNamespace(account=AccountId("1"), device=DeviceId("d")))
    before = sys.getsizeof(send._direct), send._direct.cache_info().currsize
    with pytest.raises(Refused) as refused:
        send.send(session, frames.Send(ClientId("i"), Text("x"), to=AccountId(to)))
    assert refused.value.code is Code.BAD_REQUEST
    assert (sys.getsizeof(send._direct), send._direct.cache_info().currsize) == before


LONG = AccountId("9" * (ACCOUNT_CHARACTERS + 1))
GROUP = ConversationId("g~1")


@pytest.mark.parametrize(
    ("conversation", "name", "action"),
    [
        ("g~" + "9" * CONVERSATION_CHARACTERS, "i", Join()),
        ("", "i", Join()),
        (GROUP, "i" * (CLIENT_CHARACTERS + 1), Join()),
        (GROUP, "", Join()),
        (GROUP, " i", Join()),
        (GROUP, "i ", Join()),
        (GROUP, "i", Send(Text("x"), after=ClientId("i" * (CLIENT_CHARACTERS + 1)))),
        (GROUP, "i", Add(LONG)),
        (GROUP, "i", Remove(LONG)),
        (GROUP, "i", SetRole(LONG, Role.ADMIN)),
        (GROUP, "i", Create("title", (AccountId("1"), LONG), GroupSettings())),
    ],
    ids=repr,
)
def test_a_wish_with_an_id_of_any_length_is_refused_before_it_is_kept(
    conversation: str, name: str, action: Action
) -> None:
    nothing: Any = SimpleNamespace()
    accept = Accept(nothing, nothing, nothing, nothing, nothing, nothing, AcceptRules(), lambda: 0)
    wish = Wish(AccountId("1"), DeviceId("d"), ConversationId(conversation), ClientId(name), action)
    with pytest.raises(Refused) as refused:
        accept.submit(nothing, wish)
    assert refused.value.code is Code.BAD_REQUEST
    assert accept.waiting == 0


def test_typing_in_a_conversation_of_any_length_is_refused() -> None:
    session: Any = SimpleNamespace(common=None, out=None)
    with pytest.raises(Refused) as refused:
        typing.typing(session, frames.Typing(ConversationId("g" * 2_000_000)))
    assert refused.value.code is Code.BAD_REQUEST


def test_names_that_are_too_long_for_the_store_are_not_kept() -> None:
    name = "x" * 256
    for cache, key in (
        (names.known, (name,)),
        (keys.name, (name,)),
        (keys.sends, (GROUP, DeviceId(name))),
        (keys.sends, (ConversationId(name), DeviceId("d"))),
    ):
        before = cache.cache_info().currsize
        with pytest.raises(Refused):
            cache(*key)
        assert cache.cache_info().currsize <= before


def test_the_id_of_a_send_is_kept_by_no_cache() -> None:
    keys.send_key(KeyName(GROUP, DeviceId("d"), ClientId("1")))
    before = keys.sends.cache_info().currsize, keys.name.cache_info().currsize
    keys.send_key(KeyName(GROUP, DeviceId("d"), ClientId("2")))
    with pytest.raises(Refused):
        keys.send_key(KeyName(GROUP, DeviceId("d"), ClientId("x" * 256)))
    assert (keys.sends.cache_info().currsize, keys.name.cache_info().currsize) == before


def test_an_address_of_any_length_counts_as_its_beginning() -> None:
    assert network_of("x" * 100_000) == network_of("x" * 64)
