"""The HTTP API as an ASGI application."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from litestar import Litestar, Request, Response, Router
from litestar.config.cors import CORSConfig
from litestar.datastructures import MutableScopeHeaders
from litestar.di import Provide
from litestar.exceptions import InternalServerException
from litestar.types import ControllerRouterHandler, Message, Scope

from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.admission import Admission
from chinwag.flow.access.collaborators import Accounts
from chinwag.flow.openid.doors import OpenIdDoors, no_doors
from chinwag.flow.people_search import PeopleSearch
from chinwag.roles.api import announcements, blocks, me, people, sessions
from chinwag.roles.api.admit import address_by, bearer, principal_of
from chinwag.roles.api.body import ApiRequest
from chinwag.roles.api.client_id import given_id_of
from chinwag.roles.api.cookies import SessionCookie
from chinwag.roles.api.document import CONFIG, get_document, without_pages
from chinwag.roles.api.problems import HANDLERS, answer
from chinwag.roles.api.tus import TUS_ASKED, TUS_TOLD
from chinwag.roles.budgets import Budgets
from chinwag.wire.errors import Problem

BODY_MAX: Final = 64 * 1024
"""Bytes of a request's body; a router that takes more says so by its own `request_max_body_size`."""

HEADERS: Final = {
    "cache-control": "no-store",  # answers are one person's, and some hold tokens
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


_GONE: Final = "client disconnected prematurely"
"""What the framework raises when a connection ends before its request does."""


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`trusted_proxies`: addresses or networks whose X-Forwarded-For is believed. `origins`: other web origins
    whose pages may call. `public_url`: where clients reach this server, if it has a public address."""

    trusted_proxies: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    public_url: str = ""


def api(
    admission: Admission,
    routes: Sequence[ControllerRouterHandler],
    settings: ApiSettings,
    budgets: Budgets | None = None,
) -> Litestar:
    """The API with `routes`, each a router below `/v1` that brings its own dependencies (as `account_routes` does).

    Handlers get `principal` (who asks: `Principal`) and `address` (from where) by naming them, with the types
    `Asker` and `Address` of `admit.py`. Every handler asks
    for a bearer token unless its `opt` is `PUBLIC`. `Refused` and anything else that is raised becomes a problem
    document. `budgets` are those of the process, its own if there are no others.
    """
    return Litestar(
        route_handlers=[*routes, get_document],
        guards=[bearer(admission, budgets or Budgets(), settings.trusted_proxies)],
        dependencies={
            "given_id": Provide(given_id_of, sync_to_thread=False),
            "principal": Provide(principal_of, sync_to_thread=False),
            "address": Provide(address_by(settings.trusted_proxies), sync_to_thread=False),
        },
        request_class=ApiRequest,
        exception_handlers={**HANDLERS, RecursionError: _too_deep, InternalServerException: _internal},
        before_send=[_add_headers],
        request_max_body_size=BODY_MAX,
        cors_config=CORSConfig(
            allow_origins=list(settings.origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["authorization", "content-type", "idempotency-key", "last-event-id", "range", *TUS_ASKED],
            expose_headers=["content-range", "etag", *TUS_TOLD],
            max_age=600,
        )
        if settings.origins
        else None,
        openapi_config=CONFIG,
        on_app_init=[without_pages],
        logging_config=None,
        debug=False,
    )


def account_routes(
    accounts: Accounts, search: PeopleSearch, settings: ApiSettings | None = None, openid: OpenIdDoors | None = None
) -> Router:
    """Everything about accounts, devices, users, friends and blocks, and what the server says to all."""
    doors = openid or no_doors(accounts)
    settings = settings or ApiSettings()
    cookie = SessionCookie(accounts.tokens.installation, settings.public_url, settings.trusted_proxies)
    return Router(
        path="/v1",
        route_handlers=[
            *sessions.HANDLERS,
            *me.HANDLERS,
            *people.HANDLERS,
            *blocks.HANDLERS,
            *announcements.HANDLERS,
        ],
        dependencies={
            "accounts": Provide(lambda: accounts, sync_to_thread=False),
            "people_search": Provide(lambda: search, sync_to_thread=False),
            "openid_doors": Provide(lambda: doors, sync_to_thread=False),
            "session_cookie": Provide(lambda: cookie, sync_to_thread=False),
        },
    )


def _too_deep(_request: Request[Any, Any, Any], _error: RecursionError) -> Response[Problem]:
    return answer(Refused(Code.BAD_REQUEST, "the body nests too deep"))


def _internal(request: Request[Any, Any, Any], error: InternalServerException) -> Response[Any]:
    # A client that goes away in the middle of a body is no mistake of ours; logged as one, anybody could fill the disk.
    if error.detail == _GONE:
        return answer(Refused(Code.IDLE, "the body of the request"))
    return HANDLERS[Exception](request, error)


async def _add_headers(message: Message, _scope: Scope) -> None:
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
