"""Sign up, log in, refresh, log out."""

from litestar import delete, post
from litestar.params import JSONBody

from chinwag.domain.refusal import Code, Refused
from chinwag.flow.access.devices import revoke_device
from chinwag.flow.access.log_in import log_in
from chinwag.flow.access.refresh import refresh
from chinwag.flow.accounts.sign_up import sign_up
from chinwag.roles.api import answers
from chinwag.roles.api.admit import PUBLIC, Address, Caller
from chinwag.roles.api.answers import AccountVerbs
from chinwag.wire.http import LogInRequest, Me, RefreshRequest, SessionTokens, SignUpRequest

ATTEMPT_LENGTHS = range(8, 65)


@post("/accounts", opt=PUBLIC, operation_id="signUp", summary="Sign up", tags=["accounts"])
async def post_account(data: JSONBody[SignUpRequest], accounts: AccountVerbs, address: Address) -> Me:
    """Make an account, if the server lets people do so: freely, or with an invitation code. It is not logged in yet."""
    account = await sign_up(
        accounts,
        data.name,
        data.password,
        display_name=data.display_name,
        invitation=data.invitation,
        address=address,
    )
    return answers.me(account)


@post("/sessions", opt=PUBLIC, operation_id="logIn", summary="Log in", tags=["sessions"])
async def post_session(data: JSONBody[LogInRequest], accounts: AccountVerbs, address: Address) -> SessionTokens:
    """Log in with name and password. Every log-in makes a new device."""
    given = await log_in(accounts, data.name, data.password, device_name=data.device, address=address)
    return answers.session(given)


@post(
    "/sessions/refresh",
    opt=PUBLIC,
    status_code=200,
    operation_id="refreshSession",
    summary="Get new tokens",
    tags=["sessions"],
)
async def post_refresh(data: JSONBody[RefreshRequest], accounts: AccountVerbs) -> SessionTokens:
    """Exchange the refresh token for new tokens. A refresh token used twice with different attempts revokes the
    device, for one of the two who used it has stolen it."""
    if len(data.attempt) not in ATTEMPT_LENGTHS:
        raise Refused(Code.BAD_REQUEST, "an attempt has 8 to 64 characters")
    return answers.session(await refresh(accounts, data.refresh_token, data.attempt))


@delete("/sessions/current", operation_id="logOut", summary="Log out", tags=["sessions"])
async def delete_session(accounts: AccountVerbs, principal: Caller) -> None:
    """Log this device out for ever: its sockets close and its tokens are refused."""
    await revoke_device(accounts, principal.account, principal.device)


HANDLERS = [post_account, post_session, post_refresh, delete_session]
