"""The Bus of a command: what it did is told to the cluster's servers at its end, and only if it did something."""

import asyncio

from chinwag.adapters.embedded.bus import EmbeddedBus
from chinwag.adapters.nats import NatsBus
from chinwag.assembly.cluster.opened import EngineAwayError, connected_to_nats
from chinwag.assembly.cluster.spoken import Say, spoken
from chinwag.config import Config
from chinwag.ports.bus import Publication, Subject, new_node


class ToldLater(EmbeddedBus):
    """Keeps what one command publishes, which is little, until `tell`."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[tuple[Subject, Publication]] = []

    def publish(self, subject: Subject, publication: Publication) -> None:
        self._kept.append((subject, publication))
        super().publish(subject, publication)

    async def tell(self, config: Config, cluster: str, say: Say) -> None:
        """Publish it to the servers of `cluster`. With NATS away they find what was done in the directory."""
        if not self._kept:
            return
        where = ", ".join(config.nats.urls)
        try:
            nats = await spoken(
                connected_to_nats(config, cluster, new_node("operator")),
                say,
                f"telling the servers: waiting for NATS at {where} …",
            )
        except EngineAwayError as away:
            say(f"{away}. It is done all the same: the servers find it in the directory, within seconds")
            return
        bus = NatsBus(nats)
        for subject, publication in self._kept:
            bus.publish(subject, publication)
        await asyncio.sleep(0)  # the bus sends at the end of this turn
        await nats.close()
