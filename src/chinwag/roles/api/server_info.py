"""What this server says of itself, to all."""

from typing import Final

from litestar import Router, get
from litestar.di import NamedDependency, Provide

from chinwag.roles.api.admit import PUBLIC
from chinwag.wire.server import ServerInfo

Info = NamedDependency[ServerInfo]
"""The dependency `info`."""

TAGS: Final = ["server"]


def server_routes(info: ServerInfo) -> Router:
    """The address that says it."""
    return Router(
        path="/v1",
        route_handlers=[get_server],
        dependencies={"info": Provide(lambda: info, sync_to_thread=False)},
    )


@get("/server", opt=PUBLIC, operation_id="getServer", summary="What server this is", tags=TAGS, sync_to_thread=False)
def get_server(info: Info) -> ServerInfo:
    """Its name, its version, whether people may sign up, and its limits: what a client says before it asks anything."""
    return info
