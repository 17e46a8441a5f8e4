"""`Idempotency-Key`: the id of a send, read as UTF-8; what is no id is refused rather than taken for none."""

from types import SimpleNamespace
from typing import Any

import pytest

from chinwag.domain.refusal import Code, Refused
from chinwag.roles.api.client_id import given_id_of


def given(*values: bytes) -> Any:
    headers = [(b"host", b"x"), *((b"idempotency-key", value) for value in values)]
    return SimpleNamespace(scope={"headers": headers})


@pytest.mark.parametrize("name", ["a1", "café", "à la", "Ågren", "日本", "\U0001f600", "x" * 128, "é" * 127])
def test_an_id_is_the_same_id_as_on_a_socket(name: str) -> None:
    assert given_id_of(given(name.encode())) == name
    assert given_id_of(given(b" \t" + name.encode() + b" ")) == name, "white space around a value is not of the value"


def test_without_a_key_there_is_none() -> None:
    assert given_id_of(given()) is None


@pytest.mark.parametrize(
    "values",
    [(b"",), (b"  ",), (b"a", b"a"), (b"caf\xe9",), (b"\xff",), (b"a\x7fb",), (b"x" * 129,), (("é" * 128).encode(),)],
    ids=repr,
)
def test_what_is_no_id_is_refused(values: tuple[bytes, ...]) -> None:
    with pytest.raises(Refused) as refused:
        given_id_of(given(*values))
    assert refused.value.code is Code.BAD_REQUEST
