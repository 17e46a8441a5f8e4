"""The API's description (OpenAPI), made from the handlers and structs."""

from typing import Any, Final

from litestar import Litestar, MediaType, Request, Response, get
from litestar.config.app import AppConfig
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.plugins import InitPlugin
from msgspec.json import encode, schema_components

from chinwag import __version__
from chinwag.roles.api.admit import PUBLIC
from chinwag.roles.api.compress import compressed, takes_gzip
from chinwag.roles.api.problems import PROBLEM_JSON
from chinwag.wire.errors import Problem

CONFIG: Final = OpenAPIConfig(
    title="Chinwag",
    path="/schema",  # of the framework's own pages, which `without_pages` takes out by it
    version=__version__,
    description="Accounts, conversations and messages. Every error is a problem document (RFC 9457) with a code.",
    components=Components(
        security_schemes={"token": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")}
    ),
    security=[{"token": []}],
    use_handler_docstrings=True,
)

_WRITTEN: Final = "chinwag.document"


def without_pages(config: AppConfig) -> AppConfig:
    """Take out the framework's own pages of the description: they load scripts from elsewhere and have errors
    of their own form. `get_document` gives the description instead."""
    # The framework's plugin adds them after this is called: only a later plugin sees them.
    config.plugins.append(_WithoutPages())
    return config


class _WithoutPages(InitPlugin):
    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        routes = app_config.route_handlers
        app_config.route_handlers = [one for one in routes if getattr(one, "path", "") != CONFIG.path]
        return app_config


@get("/v1/openapi.json", opt=PUBLIC, include_in_schema=False, media_type=MediaType.JSON, sync_to_thread=False)
def get_document(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The description itself. Made once, and once compressed: both take long enough to be felt by everybody."""
    state = request.app.state
    if _WRITTEN not in state:
        plain = encode(document(request.app))
        state[_WRITTEN] = (plain, compressed(plain))
    plain, small = state[_WRITTEN]
    headers = {"vary": "accept-encoding"}
    if not takes_gzip(request.scope):
        return Response(plain, media_type=MediaType.JSON, headers=headers)
    return Response(small, media_type=MediaType.JSON, headers={**headers, "content-encoding": "gzip"})


def document(app: Litestar) -> dict[str, Any]:
    """The OpenAPI document of `app`, as it goes out as JSON."""
    described = app.openapi_schema.to_schema()
    _, definitions = schema_components([Problem], ref_template="#/components/schemas/{name}")
    schemas = described["components"].setdefault("schemas", {})
    for schema in schemas.values():
        # The framework may write the default of one field into the schema that all fields of that type share.
        schema.pop("default", None)
    schemas.update(definitions)
    described["components"]["responses"] = {
        "Problem": {
            "description": "Why it was refused.",
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    }
    public = {one.operation_id for one in _handlers(app) if one.opt.get("public")}
    for path in described["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict) and "responses" in operation:
                if operation.get("operationId") in public:
                    operation["security"] = []
                # The framework describes its own form of this error, which never goes out.
                operation["responses"].pop("400", None)
                operation["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
    return described


def _handlers(app: Litestar) -> list[HTTPRouteHandler]:
    return [one for route in app.routes for one in getattr(route, "route_handlers", ())]
