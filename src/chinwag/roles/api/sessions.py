"""Sign up, log in, refresh, log out."""

from typing import Any

from litestar import Request, Response, delete, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody

from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.devices import revoke_device
from chinwag.flow.access.log_in import log_in
from chinwag.flow.access.logged_in import LoggedIn
from chinwag.flow.access.refresh import SETTLING_MS, refresh
from chinwag.flow.accounts.sign_up import sign_up, sign_up_and_log_in
from chinwag.flow.openid.log_in import log_in_by_provider
from chinwag.flow.openid.log_out import end_session
from chinwag.flow.openid.recheck import recheck
from chinwag.roles.api import answers
from chinwag.roles.api.admit import PUBLIC, Address, Caller
from chinwag.roles.api.answers import AccountVerbs
from chinwag.roles.api.cookies import SessionCookie
from chinwag.roles.api.openid import Doors
from chinwag.wire.http import CookieTokens, LogInRequest, Me, RefreshRequest, SessionTokens, SignUpRequest
from chinwag.wire.openid import LogOutAnswer

ATTEMPT_LENGTHS = range(8, 65)

Cookie = NamedDependency[SessionCookie]
"""The type of a handler's `session_cookie`."""
Tokens = SessionTokens | CookieTokens


@post("/accounts", opt=PUBLIC, operation_id="signUp", summary="Sign up", tags=["accounts"])
async def post_account(
    data: JSONBody[SignUpRequest],
    accounts: AccountVerbs,
    address: Address,
    session_cookie: Cookie,
    request: Request[Any, Any, Any],
) -> Response[Me | SessionTokens | CookieTokens]:
    """Make an account, if the server lets people do so: freely, or with an invitation code. It is logged in only if
    `device` is given."""
    if data.cookie:
        session_cookie.check(request)
    if data.device is None:
        account = await sign_up(
            accounts,
            data.name,
            data.password,
            display_name=data.display_name,
            invitation=data.invitation,
            address=address,
        )
        return Response(answers.me(account))
    given = await sign_up_and_log_in(
        accounts,
        data.name,
        data.password,
        display_name=data.display_name,
        invitation=data.invitation,
        device_name=data.device,
        address=address,
    )
    content, headers = _tokens(accounts, session_cookie, request, given, data.cookie)
    return Response(content, headers=headers)


@post("/sessions", opt=PUBLIC, operation_id="logIn", summary="Log in", tags=["sessions"])
async def post_session(
    data: JSONBody[LogInRequest],
    accounts: AccountVerbs,
    openid_doors: Doors,
    address: Address,
    session_cookie: Cookie,
    request: Request[Any, Any, Any],
) -> Response[SessionTokens | CookieTokens]:
    """Log in, with name and password, or by a provider. Every log-in makes a new device."""
    if data.cookie:
        session_cookie.check(request)
    if data.login_type == "openid":
        if data.openid is None:
            raise Refused(Code.BAD_REQUEST, "a log-in by a provider has openid")
        given = await log_in_by_provider(
            openid_doors,
            data.openid.code,
            data.openid.secret,
            invitation=data.openid.invitation,
            device_name=data.device,
            address=address,
        )
        content, headers = _tokens(accounts, session_cookie, request, given, data.cookie)
        return Response(content, headers=headers)
    if data.name is None or data.password is None:
        raise Refused(Code.BAD_REQUEST, "a log-in by password has name and password")
    known = data.known_device or (session_cookie.held(request) if data.cookie else "")
    given = await log_in(
        accounts, data.name, data.password, device_name=data.device, address=address, known_device=known
    )
    content, headers = _tokens(accounts, session_cookie, request, given, data.cookie)
    return Response(content, headers=headers)


@post(
    "/sessions/refresh",
    opt=PUBLIC,
    status_code=200,
    operation_id="refreshSession",
    summary="Get new tokens",
    tags=["sessions"],
)
async def post_refresh(
    data: JSONBody[RefreshRequest],
    accounts: AccountVerbs,
    openid_doors: Doors,
    address: Address,
    session_cookie: Cookie,
    request: Request[Any, Any, Any],
) -> Response[SessionTokens | CookieTokens]:
    """Exchange the refresh token for new tokens. A refresh token used twice with different attempts revokes the
    device, for one of the two who used it has stolen it. A device that a provider let in goes (`revoked`) once that
    does not let its person in any more. One in a cookie that was renewed less than a minute ago stays
    as it is."""
    if len(data.attempt) not in ATTEMPT_LENGTHS:
        raise Refused(Code.BAD_REQUEST, "an attempt has 8 to 64 characters")
    if data.refresh_token is not None:
        given = await refresh(accounts, data.refresh_token, data.attempt, address=address)
        await recheck(openid_doors, given.account.id, given.device)
        return Response(answers.session(given))
    session_cookie.check(request)
    token = session_cookie.read(request)
    if data.device is not None and accounts.tokens.device_of(token) != data.device:
        raise Refused(Code.WRONG_SESSION)
    given = await refresh(accounts, token, data.attempt, address=address, settling_ms=SETTLING_MS)
    await recheck(openid_doors, given.account.id, given.device)
    content, headers = _tokens(accounts, session_cookie, request, given, True)
    return Response(content, headers=headers)


@delete(
    "/sessions/current",
    status_code=200,
    responses={
        204: ResponseSpec(None, description="Logged out; there is nothing more to end", generate_examples=False)
    },
    operation_id="logOut",
    summary="Log out",
    tags=["sessions"],
)
async def delete_session(
    accounts: AccountVerbs,
    openid_doors: Doors,
    principal: Caller,
    session_cookie: Cookie,
    request: Request[Any, Any, Any],
) -> Response[LogOutAnswer | None]:
    """Log this device out for ever: its sockets close, its tokens are refused, and its cookie goes. If a provider let
    it in that has a place to end that log-in, the answer names it; else it is empty (204)."""
    place = await end_session(openid_doors, principal.device)
    await revoke_device(accounts, principal.account, principal.device)
    gone = {"set-cookie": session_cookie.gone(request)} if session_cookie.was_brought(request) else {}
    if not place:
        return Response(None, status_code=204, headers=gone)
    return Response(LogOutAnswer(place), status_code=200, headers=gone)


def _tokens(
    accounts: AccountVerbs, cookie: SessionCookie, request: Request[Any, Any, Any], given: LoggedIn, hide: bool
) -> tuple[Tokens, dict[str, str]]:
    """The answer with tokens, and the header that hides the refresh token in a cookie, where that is wanted."""
    if not hide:
        return answers.session(given), {}
    return answers.cookie_session(given), {"set-cookie": cookie.of(request, given, accounts.clock())}


HANDLERS = [post_account, post_session, post_refresh, delete_session]
