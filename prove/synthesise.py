"""Write the record of a right run of a given size, to try the checks on: `python -m prove.synthesise COUNT FILE`."""

import argparse
import random
import sys
from pathlib import Path

from prove.record import Recorder
from prove.right.run import RightRun
from prove.right.values import Sent

PEOPLE = 200
IN_FLIGHT = 4


def synthesise(count: int, path: Path, seed: int) -> None:
    """`count` messages between pairs of people, each person on one device, several in flight, some sent again."""
    chance = random.Random(seed)
    with Recorder(path, seed, f"synthesised: {count} messages") as recorder:
        run = RightRun(recorder.write)
        phones = [run.phone(f"{7_000_000_000 + one}", f"{8_000_000_000 + one}") for one in range(PEOPLE)]
        for phone in phones:
            run.cold_load(phone)
            run.connect(phone)
        left = count
        while left:
            phone = chance.choice(phones)
            place = run.direct(phone.account, phones[phones.index(phone) ^ 1].account)
            flying: list[Sent] = []
            for _ in range(min(IN_FLIGHT, left)):
                text = f"message {left}, as long as people write"
                flying.append(run.attempt(phone, place, text, flying[-1] if flying else None))
                left -= 1
            for sent in flying:
                run.place(sent)
                run.ack(sent)
            if chance.random() < 0.01:
                run.retry(flying[0])
                run.ack(flying[0])
            if chance.random() < 0.02:
                run.mark(phone.account, place, "read", len(place.events))
            if chance.random() < 0.001:
                run.disconnect(phone)
                run.connect(phone)
        run.finish()


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns its exit status."""
    parser = argparse.ArgumentParser(
        "python -m prove.synthesise",
        description="Writes the record of a run that never was, as by a server that keeps every promise.",
    )
    parser.add_argument("count", type=int, metavar="COUNT", help="how many messages")
    parser.add_argument("file", type=Path, metavar="FILE", help="where the record goes")
    parser.add_argument("--seed", type=int, default=1, help="the same seed writes the same record (default: 1)")
    given = parser.parse_args(arguments)
    synthesise(given.count, given.file, given.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
