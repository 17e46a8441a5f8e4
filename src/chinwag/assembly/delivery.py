"""The delivery role as a part: the partitions' workers."""

from chinwag.assembly.figures import Distributions, Figures, Reading
from chinwag.assembly.part import Part
from chinwag.ports import Ports
from chinwag.roles.delivery.delivery import Delivery
from chinwag.roles.observe import Check

GRACE = 5.0
"""Seconds that a stop waits for what the workers hold."""


def delivery_on(ports: Ports) -> Delivery:
    """The workers of all partitions."""
    return Delivery(ports.log, ports.message_store, ports.bus)


def delivery_part(delivery: Delivery) -> Part:
    """Stopping it closes the log."""

    async def start() -> None:
        delivery.start()

    async def stop() -> None:
        await delivery.stop(GRACE)

    return Part(
        name="delivery",
        start=start,
        stop=stop,
        checks=[Check("delivery", delivery.check)],
        figures=_figures(delivery),
    )


def _figures(delivery: Delivery) -> Figures:
    def summed(name: str) -> Reading:
        return lambda: sum(getattr(worker.figures, name) for worker in delivery.workers)

    def spread(name: str) -> Distributions:
        return lambda: [getattr(worker.figures, name) for worker in delivery.workers]

    return Figures(
        counters={
            "placed": ("Events placed and committed.", summed("placed")),
            "repeated": ("Retries answered with the first number.", summed("repeated")),
            "refused": ("Commands refused by the rules.", summed("refused")),
            "batches": ("Batches committed.", summed("batches")),
            "failed_commits": ("Batches that failed.", summed("failed_commits")),
            "poison": ("Commands set aside.", summed("poison")),
        },
        histograms={
            "batch_records": ("Commands in a batch.", spread("batch_records")),
            "decide_seconds": ("Time to decide a batch.", spread("deciding")),
            "commit_seconds": ("Time to make a batch durable.", spread("committing")),
        },
    )
