"""A whole server on embedded stores, in this process: a list of parts, every role among them."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from chinwag.adapters.embedded import Embedded, open_embedded
from chinwag.adapters.files import FileMediaStore
from chinwag.assembly.accounts import accounts_on
from chinwag.assembly.api import Api, api_part
from chinwag.assembly.data import open_directory_in, open_search_index_in, private_folder
from chinwag.assembly.delivery import delivery_on, delivery_part
from chinwag.assembly.gateway import beacon_part, gateway_on, gateway_part
from chinwag.assembly.housekeeping import housekeeping_part
from chinwag.assembly.media import media_store_of
from chinwag.assembly.media_store import opened_upload_store
from chinwag.assembly.node import legs_on, node_part
from chinwag.assembly.observe import observe_on, observe_part
from chinwag.assembly.operators import address_of, control_part, counts_of, vitals_part
from chinwag.assembly.part import Part, Parts
from chinwag.assembly.port import port_on, port_part
from chinwag.assembly.presence import presence_part
from chinwag.assembly.push import push_part
from chinwag.assembly.roles import ROLES
from chinwag.assembly.stores import directory_part, media_part, ports_on, search_part, store_part
from chinwag.assembly.web import with_web
from chinwag.collector import uncollected
from chinwag.config import Config
from chinwag.domain.ids import Snowflake
from chinwag.fail_points import passing
from chinwag.life.checkpoint import clear_checkpoint
from chinwag.life.folder import MEDIA, refuse_unfinished
from chinwag.life.moved import refuse_moved
from chinwag.life.vitals import Vitals
from chinwag.life.whole import refuse_half
from chinwag.ports.bus import new_node
from chinwag.ports.directory import Directory
from chinwag.ports.media_store import MediaStore
from chinwag.ports.registry import WorkerNumber
from chinwag.ports.search_index import SearchIndex
from chinwag.roles.port.certificate import Local


class Server:
    """Every role in one process. Made by `open_server`; `start` it, and `stop` it once.

    What its parts are made of is public, for whoever runs a server in its own process: tests and measurements. `app`
    takes every request, as the port hands them on; `http` is its inner part, which knows its addresses.
    """

    def __init__(
        self,
        config: Config,
        data: Path,
        embedded: Embedded,
        directory: Directory,
        index: SearchIndex,
        worker: int | WorkerNumber,
        local: Local | None = None,
        media: MediaStore | None = None,
    ) -> None:
        """media: where pictures, videos and files are kept, if not in `data`."""
        node, ids = new_node("server"), Snowflake(worker)
        self.ports: Final = ports_on(
            embedded,
            directory,
            index,
            data,
            media or FileMediaStore(data / MEDIA),
            opened_upload_store(config, data / MEDIA),
        )
        self.legs: Final = legs_on(self.ports, config, accounts_on(self.ports, config, ids), node, ids)
        self.gateway: Final = gateway_on(self.ports, config, self.legs)
        delivery = delivery_on(self.ports)
        api = Api(self.ports, config, self.legs, owner=lambda _: node)
        self.http: Final = api.http
        self.app: Final = with_web(config, api.app, lambda: self.port.port, local, api.unread)
        self.port: Final = port_on(config, self.app, self.gateway.listener, api.unread)
        # In the order in which they start; a part stops before those that it rests on.
        roles = [
            store_part(embedded),
            directory_part(directory),
            search_part(index),
            media_part(self.ports.media_store),
            delivery_part(delivery),
            node_part(self.legs, self.ports),
            housekeeping_part(self.ports, config),
            presence_part(self.ports, config, node),
            push_part(self.ports, config, node, lambda _: node),
            gateway_part(self.gateway, self.legs),
            api.looking,
            api_part(api),
        ]
        self.observe: Final = observe_on(config, roles, lambda: self.parts.serving)
        vitals = Vitals(
            embedded.engine,
            data,
            ROLES,
            config.server.max_connections,
            lambda: counts_of(self.legs, self.gateway, api, delivery),
            lambda: address_of(config, self.port.port, self.observe.port),
            self.observe.readiness,
        )
        self.parts: Final = Parts(
            [
                *roles,
                observe_part(self.observe),
                Part(name="drained", stop=_drained),
                port_part(self.port),
                beacon_part(self.ports, config, ROLES, self.legs, self.gateway),
                vitals_part(vitals),
                control_part(self.ports, embedded.engine, vitals, data),
            ]
        )

    async def start(self) -> None:
        """Serve. Raises `OSError` when a port cannot be had; what was started is stopped then."""
        await self.parts.start()

    async def stop(self) -> None:
        """Say goodbye, finish what is under way, and close. Bounded; harmless a second time."""
        await self.parts.stop()


async def open_server(config: Config, local: Local | None = None) -> Server:
    """Open the data folder and put a server together.

    local: the certificate made for its network, if there is one; `config` names its files.
    Raises `OSError`, and a `Told` for data that is in use, newer, damaged, half of a restore or not whole.
    """
    data = private_folder(config.data.path)
    refuse_unfinished(data)
    refuse_moved(data)
    refuse_half(data)
    async with AsyncExitStack() as opened:
        embedded = await open_embedded(data)
        opened.push_async_callback(embedded.close)
        passing("start.begun")
        clear_checkpoint(data)
        directory = await open_directory_in(data)
        opened.push_async_callback(directory.close)
        index = await open_search_index_in(data)
        opened.push_async_callback(index.close)
        media = media_store_of(config)
        opened.push_async_callback(media.close)
        worker = await embedded.registry.lease_worker()
        server = Server(config, data, embedded, directory, index, worker, local, media)
        opened.pop_all()  # from here on they are the server's to close
    return server


async def begin_server(config: Config, local: Local | None = None) -> Server:
    """`open_server` and start it, in a process that serves until its end: what is there by then stays uncollected.

    Raises as `open_server` and `Server.start` do, with everything closed.
    """
    with uncollected():
        server = await open_server(config, local)
        try:
            await server.start()
        except BaseException:
            await server.stop()
            raise
    return server


async def _drained() -> None:
    passing("stop.drained")
