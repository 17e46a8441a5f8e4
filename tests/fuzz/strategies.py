"""What a hostile or broken client may send: junk, frames gone wrong, and frames of the right form with odd values."""

import json
from typing import Any, Final, get_args

from hypothesis import strategies as st

from chinwag.wire.frames import ClientFrame

TYPES: Final = (*(str(kind.__struct_config__.tag) for kind in get_args(ClientFrame)), "nonsense")
CHANGES: Final = ("add", "remove", "leave", "join", "role", "title", "settings", "refuse", "create")

numbers = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([-(1 << 64), -(1 << 63), 1 << 31, (1 << 53) - 1, 1 << 53, (1 << 63) - 1, 1 << 63, 1 << 64, 10**40]),
    st.floats(allow_nan=True, allow_infinity=True),
)
texts = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", "\0", "~", "d~", "g~", "d~1~1", "g~1", "a" * 200, "x" * 70_000, "\u202e", "\ud83d\ude00"]),
)
junk = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=8,
)


def frames(known: list[str]) -> st.SearchStrategy[bytes]:
    """Frames with fields of the right names; ids are often of the `known` ones."""
    name = st.one_of(st.sampled_from(known), texts, junk)
    body = st.one_of(
        st.fixed_dictionaries(
            {"type": st.sampled_from(["text", "media", "sealed", "x"])},
            optional={"text": st.one_of(texts, junk), "mentions": st.lists(name, max_size=3)},
        ),
        junk,
    )
    change = st.fixed_dictionaries(
        {"type": st.one_of(st.sampled_from(CHANGES), junk)},
        optional={"account": name, "role": name, "title": name, "settings": junk, "on": junk},
    )
    frame = st.fixed_dictionaries(
        {"type": st.one_of(st.sampled_from(TYPES), junk)},
        optional={
            "id": st.one_of(texts, junk),
            "conversation": name,
            "to": name,
            "body": body,
            "reply_to": st.one_of(numbers, junk),
            "after": st.one_of(texts, junk),
            "number": st.one_of(numbers, junk),
            "position": st.one_of(numbers, junk),
            "change": st.one_of(change, junk),
            "reaction": texts,
            "token": texts,
            "cursor": st.one_of(texts, junk),
        },
    )
    whole = frame.map(lambda value: dumped(value))
    return st.one_of(whole, whole.flatmap(mutated), st.binary(max_size=80))


def dumped(value: Any) -> bytes:
    """JSON as Python writes it: with NaN, and with halves of surrogate pairs where there are some."""
    return json.dumps(value).encode()


def mutated(payload: bytes) -> st.SearchStrategy[bytes]:
    """`payload` cut, or with some bytes replaced, repeated or put in."""

    def at(place: int, size: int, instead: bytes) -> bytes:
        return payload[:place] + instead + payload[place + size :]

    return st.builds(at, st.integers(0, len(payload)), st.integers(0, 3), st.binary(max_size=3))
