"""Signatures of access tokens: what is checked directly agrees with joserfc, which knows the rules."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.errors import JoseError

from chinwag.adapters.files import FileKeyStore
from chinwag.domain.ids import AccountId, DeviceId
from chinwag.flow.access.key_ring import KeyRing
from chinwag.flow.access.signatures import ALGORITHM, HEADERS, Signatures
from chinwag.flow.access.tokens import Tokens

NOW = 1_800_000_000_000
LIFETIME = 600_000
TEXT = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.=+/ \né"


class Ring:
    """A ring, a token of it, and signatures that have seen its header already."""

    def __init__(self, folder: Path) -> None:
        self.keys = KeyRing(FileKeyStore(folder), NOW)
        self.signatures = Signatures(self.keys)
        self.tokens = Tokens(self.keys, lambda: NOW)
        self.signatures.signed(self.access(), NOW)
        self.token = self.access()

    def access(self) -> str:
        return self.tokens.access(AccountId("1"), DeviceId("2"))[0]

    def by_rules(self, token: str) -> bytes | None:
        """What joserfc makes of a token."""
        try:
            return jws.deserialize_compact(token, self.keys.signing(NOW)[1], algorithms=[ALGORITHM]).payload
        except (JoseError, ValueError):
            return None

    def directly(self, token: str) -> bytes | None:
        """What we make of it."""
        try:
            return self.signatures.signed(token, NOW)
        except ValueError:
            return None


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Ring:
    return Ring(tmp_path_factory.mktemp("ring") / "keys")


def test_a_second_token_with_the_same_header_is_checked_without_joserfc(
    ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = ring.by_rules(ring.token)
    monkeypatch.delattr(jws, "deserialize_compact")
    assert ring.signatures.signed(ring.token, NOW) == expected


@given(at=st.integers(0, 400), put=st.text(TEXT, max_size=3), instead_of=st.integers(0, 3))
def test_a_damaged_token_is_judged_as_joserfc_judges_it(ring: Ring, at: int, put: str, instead_of: int) -> None:
    damaged = ring.token[:at] + put + ring.token[at + instead_of :]
    assert ring.directly(damaged) == ring.by_rules(damaged)


@given(bit=st.integers(0, 64 * 8 - 1), part=st.sampled_from([1, 2]))
def test_no_bit_of_payload_or_signature_can_change(ring: Ring, bit: int, part: int) -> None:
    parts = ring.token.split(".")
    raw = bytearray(urlsafe_b64decode(parts[part] + "=="))
    raw[bit // 8] ^= 1 << bit % 8
    parts[part] = urlsafe_b64encode(raw).rstrip(b"=").decode()
    assert ring.directly(".".join(parts)) is None


@pytest.mark.parametrize("cut", [0, 1, 2, 3])
def test_parts_that_are_missing_or_too_many(ring: Ring, cut: int) -> None:
    parts = ring.token.split(".")
    assert ring.directly(".".join(parts[:cut])) is None if cut < 3 else ring.directly(ring.token + ".x") is None


def test_the_rules_of_headers_hold(ring: Ring) -> None:
    key_id, key = ring.keys.signing(NOW)
    private = key.get_op_key("sign")
    assert isinstance(private, Ed25519PrivateKey)
    good = {"alg": ALGORITHM, "kid": key_id, "typ": "at+jwt"}
    for header in (good | {"kid": "other"}, {"alg": ALGORITHM}, good | {"crit": ["exp"], "exp": 1}, good | {"b64": 0}):
        head = urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=")
        signed = head + b"." + ring.token.split(".")[1].encode()
        signature = urlsafe_b64encode(private.sign(signed)).rstrip(b"=")
        for _ in range(2):
            assert ring.directly((signed + b"." + signature).decode()) is None
    unsigned = urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode() + "." + ring.token.split(".")[1] + "."
    assert ring.directly(unsigned) is None


def test_a_key_that_is_gone_verifies_no_more(tmp_path: Path) -> None:
    ring = Ring(tmp_path / "keys")
    assert ring.directly(ring.token) is not None
    later = NOW + LIFETIME + 120_000
    ring.keys.rotate(NOW)
    ring.keys.rotate(later)
    with pytest.raises(ValueError, match="unknown key"):
        ring.signatures.signed(ring.token, later)


def test_the_headers_remembered_are_bounded(tmp_path: Path) -> None:
    ring = Ring(tmp_path / "keys")
    for _ in range(HEADERS + 2):
        ring.keys.rotate(NOW)
        token = ring.access()
        assert ring.directly(token) == ring.by_rules(token) is not None
    assert len(ring.signatures._key_ids) == HEADERS
