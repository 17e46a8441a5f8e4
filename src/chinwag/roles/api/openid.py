"""Log-ins by providers (OpenID Connect): setting out, coming back, one's identities, and being logged out by one."""

from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlencode

from litestar import Request, Response, Router, delete, get, post, put
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody, QueryParameter

from chinwag.domain.refusal import Code, Refused
from chinwag.flow.openid.begin import begin
from chinwag.flow.openid.come_back import come_back
from chinwag.flow.openid.doors import OpenIdDoors
from chinwag.flow.openid.identities import link, list_identities, unlink
from chinwag.flow.openid.log_out import log_out_by_provider
from chinwag.ports.directory import Identity
from chinwag.roles.api.admit import PUBLIC, Address, Caller
from chinwag.wire.http import Page
from chinwag.wire.openid import BeginAnswer, BeginRequest, IdentityEntry, LinkRequest

Doors = NamedDependency[OpenIdDoors]
"""The type of a handler's `openid_doors`."""
FIELDS_MAX: Final = 20
"""Fields of a form that is looked at."""

Said = Annotated[str, QueryParameter(description="As the provider says it.")]


@post(
    "/openid/{name:str}/begin",
    opt=PUBLIC,
    operation_id="beginOpenId",
    summary="Set out for a provider",
    tags=["openid"],
)
async def post_begin(
    name: FromPath[str], data: JSONBody[BeginRequest], openid_doors: Doors, address: Address
) -> BeginAnswer:
    """Where to send the browser. What it comes back with logs in by `POST /v1/sessions`, together with the secret."""
    return BeginAnswer(await begin(openid_doors, name, data.binding, data.return_to, address=address))


@get(
    "/openid/{name:str}/callback",
    opt=PUBLIC,
    status_code=303,
    operation_id="returnFromOpenId",
    summary="Come back from a provider",
    tags=["openid"],
)
async def get_callback(
    name: FromPath[str],
    openid_doors: Doors,
    request: Request[Any, Any, Any],
    trip: Annotated[str, QueryParameter(name="state", description="As the provider was given it.")] = "",
    code: Said = "",
    error: Said = "",
    iss: Annotated[str | None, QueryParameter(description="Who answers (RFC 9207).")] = None,
) -> Response[None]:
    """For browsers that a provider sends here, and for nobody else. Once for each `state`; they are sent on. So are
    people whose `state` is none (any more): to the server's own page, with `openid_error` behind the `#`."""
    try:
        address = await come_back(openid_doors, name, state=trip, code=code, error=error, issuer=iss)
    except Refused as refusal:
        if refusal.code is not Code.OPENID_STATE or "text/html" not in request.headers.get("accept", ""):
            raise
        address = f"{openid_doors.public_url.rstrip('/')}/#{urlencode({'openid_error': str(refusal.code)})}"
    return Response(None, status_code=303, headers={"location": address})


@post(
    "/openid/{name:str}/logout",
    opt=PUBLIC,
    status_code=200,
    operation_id="logOutByOpenId",
    summary="Log somebody out, as a provider",
    tags=["openid"],
)
async def post_logout(name: FromPath[str], openid_doors: Doors, request: Request[Any, Any, Any]) -> None:
    """For providers (OpenID Connect Back-Channel Logout 1.0): a form with `logout_token`. The devices that it names are
    logged out within a second."""
    openid_doors.provider(name)
    await log_out_by_provider(openid_doors, name, _field(await request.body(), "logout_token"))


@get("/me/identities", operation_id="listIdentities", summary="Where else I am known", tags=["me"])
async def get_identities(openid_doors: Doors, principal: Caller) -> Page[IdentityEntry]:
    """The accounts at providers that may log in to this one: all of them, as there is one a provider."""
    return Page([_entry(openid_doors, one) for one in await list_identities(openid_doors, principal.account)])


@post("/me/identities/{name:str}", operation_id="beginLink", summary="Set out to link a provider", tags=["me"])
async def post_identity(
    name: FromPath[str], data: JSONBody[BeginRequest], openid_doors: Doors, principal: Caller, address: Address
) -> BeginAnswer:
    """As setting out to log in. What the browser comes back with is linked by PUT, and logs nobody in."""
    url = await begin(openid_doors, name, data.binding, data.return_to, link=principal.account, address=address)
    return BeginAnswer(url)


@put("/me/identities/{name:str}", operation_id="linkIdentity", summary="Link a provider", tags=["me"])
async def put_identity(
    name: FromPath[str], data: JSONBody[LinkRequest], openid_doors: Doors, principal: Caller
) -> IdentityEntry:
    """Link the account at the provider with which the browser came back. Only the account that set out can link it."""
    return _entry(openid_doors, await link(openid_doors, principal.account, name, data.code, data.secret))


@delete("/me/identities/{name:str}", operation_id="unlinkIdentity", summary="Let a provider go", tags=["me"])
async def delete_identity(name: FromPath[str], openid_doors: Doors, principal: Caller) -> None:
    """It logs nobody in to this account any more, and what its groups gave goes. Never the last way in."""
    await unlink(openid_doors, principal.account, name)


def openid_routes(doors: OpenIdDoors) -> Router:
    """Everything about providers."""
    return Router(
        path="/v1",
        route_handlers=[
            post_begin,
            get_callback,
            post_logout,
            get_identities,
            post_identity,
            put_identity,
            delete_identity,
        ],
        dependencies={"openid_doors": Provide(lambda: doors, sync_to_thread=False)},
    )


def _entry(doors: OpenIdDoors, identity: Identity) -> IdentityEntry:
    provider = doors.providers.get(identity.provider)
    label = identity.provider if provider is None else provider.rules.label
    return IdentityEntry(identity.provider, label, identity.linked_at)


def _field(body: bytes, name: str) -> str:
    """The only value of a field of a form. Raises `bad_request`."""
    try:
        fields = parse_qsl(body.decode("ascii"), strict_parsing=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        fields = []
    values = [value for key, value in fields if key == name]
    if len(values) != 1:
        raise Refused(Code.BAD_REQUEST, f"a form with one {name} is expected")
    return values[0]
