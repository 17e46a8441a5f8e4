"""Paths that the framework takes for one address are one to whoever compares them."""

import pytest

from chinwag.roles.api.addresses import plain_path


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("/v1/sync", "/v1/sync"),
        ("/v1/sync/", "/v1/sync"),
        ("//v1//sync", "/v1/sync"),
        ("/v1/gateways//", "/v1/gateways"),
        ("/", "/"),
        ("", ""),
    ],
)
def test_an_address_has_one_form(path: str, plain: str) -> None:
    assert plain_path(path) == plain
