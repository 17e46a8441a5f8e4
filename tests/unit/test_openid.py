"""What is believed of a provider's tokens, and what is not."""

import time
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chinwag.domain.account import name_of
from chinwag.domain.conversation import Role
from chinwag.domain.ids import ConversationId
from chinwag.domain.openid import (
    LOGOUT_EVENT,
    GroupRule,
    check_answerer,
    check_binding,
    check_secret,
    cleaned_error,
    digest_of,
    id_token_of,
    logout_token_of,
    names_for,
    person_of,
    places,
)
from chinwag.domain.refusal import Code, Refused

NOW = int(time.time())
ISSUER, CLIENT = "https://id.example.org", "chinwag"
GOOD: dict[str, Any] = {
    "iss": ISSUER,
    "aud": CLIENT,
    "sub": "s-1",
    "exp": NOW + 300,
    "iat": NOW,
    "nonce": "n",
    "at_hash": "77QmUPtjPfzWtF2AnpK9RQ",  # of the token and algorithm in OpenID Connect Core 1.0, A.4
}
ACCESS = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
LOGOUT: dict[str, Any] = {
    **{name: GOOD[name] for name in ("iss", "aud", "sub", "exp", "iat")},
    "jti": "j-1",
    "events": {LOGOUT_EVENT: {}},
}
BOTH: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example.org"},
    "no issuer": {"iss": None},
    "a slash more": {"iss": ISSUER + "/"},
    "another audience": {"aud": "other"},
    "an audience that holds ours": {"aud": "not-chinwag-at-all"},
    "no audience": {"aud": None},
    "a list without us": {"aud": ["other"]},
    "a list, and given to nobody": {"aud": [CLIENT, "other"]},
    "given to another": {"azp": "other"},
    "a list, given to another": {"aud": [CLIENT, "other"], "azp": "other"},
    "expired": {"exp": NOW - 60},
    "expired long ago, by a clock 10 minutes behind": {"exp": NOW - 300, "iat": NOW - 600},
    "no end": {"exp": None},
    "an end that is text": {"exp": str(NOW + 300)},
    "an end that is true": {"exp": True},
    "an end beyond numbers": {"exp": 1e300},
    "no beginning": {"iat": None},
    "a clock 10 minutes ahead": {"iat": NOW + 600, "exp": NOW + 900},
    "not yet": {"nbf": NOW + 61},
    "a subject too long": {"sub": "s" * 256},
    "an empty subject": {"sub": ""},
    "a subject that is a number": {"sub": 7},
    "a subject with a half": {"sub": "\ud800"},
    "a session that is a list": {"sid": ["x"]},
}
ID_ONLY: dict[str, dict[str, Any]] = {
    "nobody": {"sub": None},
    "another nonce": {"nonce": "m"},
    "no nonce": {"nonce": None},
    "another access token's": {"at_hash": "x" * 22},
    "a hash that is none": {"at_hash": 7},
}
LOGOUT_ONLY: dict[str, dict[str, Any]] = {
    "no events": {"events": None},
    "events in a list": {"events": [LOGOUT_EVENT]},
    "another event": {"events": {"http://schemas.openid.net/event/other": {}}},
    "an event that is no object": {"events": {LOGOUT_EVENT: True}},
    "a nonce": {"nonce": "n"},
    "nobody": {"sub": None},
    "no id": {"jti": None},
    "an id too long": {"jti": "j" * 256},
}


def _id(claims: dict[str, Any], **more: Any) -> Any:
    given: dict[str, Any] = {"nonce": "n", "access_token": ACCESS, "algorithm": "RS256", **more}
    return id_token_of(claims, issuer=ISSUER, client_id=CLIENT, now_ms=NOW * 1000, **given)


def _logout(claims: dict[str, Any]) -> Any:
    return logout_token_of(claims, issuer=ISSUER, client_id=CLIENT, now_ms=NOW * 1000)


def _changed(claims: dict[str, Any], flaw: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (claims | flaw).items() if value is not None}


def _code(call: Callable[[], object]) -> Code:
    with pytest.raises(Refused) as refusal:
        call()
    return refusal.value.code


@pytest.mark.parametrize("flaw", [*BOTH, *ID_ONLY])
def test_an_id_token_with_a_flaw_is_not_believed(flaw: str) -> None:
    claims = _changed(GOOD, {**BOTH, **ID_ONLY}[flaw])
    assert _code(lambda: _id(claims)) is Code.OPENID_FAILED


@pytest.mark.parametrize("flaw", [*BOTH, *LOGOUT_ONLY])
def test_a_logout_token_with_a_flaw_is_not_believed(flaw: str) -> None:
    claims = _changed(LOGOUT, {**BOTH, **LOGOUT_ONLY}[flaw])
    assert _code(lambda: _logout(claims)) is Code.OPENID_FAILED


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"aud": [CLIENT]},
        {"aud": [CLIENT, "other"], "azp": CLIENT},
        {"exp": NOW - 59},
        {"iat": NOW + 60},
        {"iat": NOW - 3000},
        {"exp": NOW + 0.5},
        {"sid": "x"},
        {"at_hash": None},
    ],
)
def test_a_good_id_token_is_believed(more: dict[str, Any]) -> None:
    token = _id(_changed(GOOD, more))
    assert (token.subject, token.session) == ("s-1", more.get("sid", ""))


def test_one_that_came_with_a_refresh_needs_no_nonce() -> None:
    assert _id(_changed(GOOD, {"nonce": None}), nonce=None).subject == "s-1"


@pytest.mark.parametrize("algorithm", ["PS384", "ES512", "EdDSA", "Ed25519"])
def test_the_hash_is_that_of_the_algorithm(algorithm: str) -> None:
    assert _code(lambda: _id(GOOD, algorithm=algorithm)) is Code.OPENID_FAILED


def test_a_logout_token_names_a_person_or_a_session() -> None:
    assert _logout(LOGOUT).subject == "s-1"
    one = _logout(_changed(LOGOUT, {"sub": None, "sid": "x"}))
    assert (one.subject, one.session, one.id, one.until) == ("", "x", "j-1", NOW + 360)


def test_only_the_browser_that_set_out_comes_back() -> None:
    secret = "s" * 32
    check_binding(digest_of(secret))
    check_secret(secret, digest_of(secret))
    for wrong in ("t" * 32, "", secret + "s"):
        assert _code(lambda wrong=wrong: check_secret(wrong, digest_of(secret))) is Code.OPENID_STATE  # type: ignore[misc]
    short = "s" * 31
    assert _code(lambda: check_secret(short, digest_of(short))) is Code.OPENID_STATE
    for binding in ("", "x" * 42, "x" * 44, "x" * 42 + "=", "\u00e9" * 43):
        assert _code(lambda binding=binding: check_binding(binding)) is Code.BAD_REQUEST  # type: ignore[misc]


def test_pkce_is_the_one_of_the_standard() -> None:
    """RFC 7636, appendix B."""
    assert digest_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_an_answer_of_another_issuer_is_refused() -> None:
    for named, always in ((None, False), (ISSUER, False), (ISSUER, True)):
        check_answerer(ISSUER, named, always)
    for named, always in (("https://evil.example.org", False), (None, True), ("", False)):
        assert _code(lambda n=named, a=always: check_answerer(ISSUER, n, a)) is Code.OPENID_FAILED  # type: ignore[misc]


@given(st.text())
def test_an_error_is_shown_without_what_it_may_hold(error: str) -> None:
    cleaned = cleaned_error(error)
    assert 0 < len(cleaned) <= 64
    assert cleaned.isascii()
    assert not set(cleaned) & set("<>&\"' \n%")


@given(st.dictionaries(st.sampled_from(["sub", "name", "groups", "preferred_username"]), st.text() | st.integers()))
def test_whatever_is_said_of_somebody_is_somebody_or_refused(claims: dict[str, Any]) -> None:
    if "sub" in claims and claims["sub"] != "s-1":
        assert _code(lambda: person_of("s-1", {"sub": "s-1"}, claims)) is Code.OPENID_FAILED
    person = person_of("s-1", {"sub": "s-1"}, claims | {"sub": "s-1"})
    person.display_name.encode()
    person.preferred_username.encode()


def test_userinfo_counts_more_and_must_be_of_the_same_person() -> None:
    one = {"sub": "s-1", "groups": ["a"], "name": "Ann"}
    person = person_of("s-1", one, {"sub": "s-1", "groups": ["b", 7, "x" * 256], "preferred_username": "ann"})
    assert (person.groups, person.display_name, person.preferred_username) == (frozenset({"b"}), "Ann", "ann")
    assert _code(lambda: person_of("s-1", one, {"sub": "s-2"})) is Code.OPENID_FAILED
    assert _code(lambda: person_of("s-1", one, {})) is Code.OPENID_FAILED


@given(st.text(max_size=300))
def test_there_is_always_a_name_to_try(preferred: str) -> None:
    names = list(names_for(preferred))
    assert len(names) >= 99
    assert len(names) <= 198
    for name in names:
        assert name_of(name) == name


@pytest.mark.parametrize(
    ("preferred", "first"),
    [
        ("ann", ["ann", "ann2"]),
        ("Ann.Lee@example.org", ["ann.lee", "ann.lee2"]),
        ("ann lee", ["ann-lee", "ann-lee2"]),
        ("", ["person", "person2"]),
        ("operator", ["operator2", "operator3"]),
        ("<script>", ["script", "script2"]),
        ("x" * 200, ["x" * 32, "x" * 31 + "2"]),
    ],
)
def test_a_name_is_made_of_what_the_provider_says(preferred: str, first: list[str]) -> None:
    assert list(islice(names_for(preferred), 2)) == first


def test_groups_give_places_and_the_higher_role_counts() -> None:
    one, two = ConversationId("g~1"), ConversationId("g~2")
    rules = {
        "staff": GroupRule(conversation=one),
        "heads": GroupRule(conversation=one, role=Role.ADMIN),
        "all": GroupRule(conversation=two),
    }
    assert places(frozenset({"staff", "heads", "other"}), rules) == {one: Role.ADMIN}
    assert places(frozenset({"heads", "staff", "all"}), dict(reversed(rules.items()))) == {
        one: Role.ADMIN,
        two: Role.MEMBER,
    }
    assert places(frozenset(), rules) == {}
