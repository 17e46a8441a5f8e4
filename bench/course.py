"""What all works share: where they work, how long, how often, on which cores; and what they have under way."""

from collections.abc import Callable
from pathlib import Path

import processes
from chinwag.load.figures import Outcome, merged
from chinwag.load.generator import Job
from chinwag.load.pairs import Pairs
from cores import Cores
from trouble import BenchError

SHORTEST_SECONDS = 1.0
SHORTEST_WARM_SECONDS = 0.3

Say = Callable[[str], None]


class Course:
    """One run of the bench. folder: its own, on a disk; whoever made it removes it."""

    def __init__(self, folder: Path, cores: Cores, rounds: int, scale: float, say: Say) -> None:
        self.folder = folder
        self.rounds = rounds
        self.say = say
        self._cores = cores
        self._scale = scale
        self._generators: list[processes.Generator] = []

    @property
    def generator(self) -> processes.Generator:
        """The first generator."""
        return self._all()[0]

    def close(self) -> None:
        """End the generators."""
        for generator in self._generators:
            generator.stop()

    def chinwag(self, data: Path, **settings: str) -> processes.Server:
        """Start Chinwag on a data folder."""
        return processes.start_chinwag(self._cores.server, data, data.with_suffix(".log"), **settings)

    def floor(self, name: str) -> processes.Server:
        """Start the floor on a folder of its own."""
        return processes.start_floor(self._cores.server, self.folder / name, self.folder / f"{name}.log")

    def do(self, title: str, side: str, job: Job) -> Outcome:
        """Have a job done. Pairs are shared out if there are cores for several generators.

        Raises `BenchError` if one payload was wrong.
        """
        generators = self._all()
        if isinstance(job, Pairs) and len(generators) > 1 and len(job.logins) >= 2 * len(generators):
            shares = job.shared(len(generators))
            for generator, share in zip(generators, shares, strict=True):
                generator.begin(share)
            outcome = merged([generator.end() for generator in generators])
        else:
            outcome = generators[0].do(job)
        honest(title, side, outcome)
        return outcome

    def beside(self) -> processes.Generator:
        """One more generator, on the first one's core: what it times does not wait in the first one's queue.

        Whoever asked stops it.
        """
        return processes.Generator(self._cores.generators[0])

    def seconds(self, seconds: float) -> float:
        """How long to measure, at this run's scale."""
        return max(SHORTEST_SECONDS, seconds * self._scale)

    def warm(self, seconds: float) -> float:
        """What comes before a measurement, at this run's scale."""
        return max(SHORTEST_WARM_SECONDS, seconds * self._scale)

    def count(self, count: int, least: int) -> int:
        """A number of things at this run's scale."""
        return max(least, int(count * self._scale))

    def _all(self) -> list[processes.Generator]:
        if not self._generators:
            self._generators = [processes.Generator(core) for core in self._cores.generators]
        return self._generators


def honest(title: str, side: str, outcome: Outcome) -> None:
    """Raises `BenchError` if anything was wrong with what a server did: such a run has no figure."""
    if outcome.faults:
        raise BenchError(f"{title}: {side} did wrong, so there is no figure: {'; '.join(outcome.faults[:5])}")
