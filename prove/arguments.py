"""What the commands that blow a storm read alike from their command line, and what they do alike around it."""

import argparse
import contextlib
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

Kind = TypeVar("Kind", bound=StrEnum)


class NotEmptyError(Exception):
    """The folder that was named for the record holds something. Says so."""


def parser(command: str, about: str, after: str) -> argparse.ArgumentParser:
    """One with the arguments that every storm has."""
    made = argparse.ArgumentParser(
        command, description=about, epilog=after, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--seed", type=int, help="what the plan is drawn from; drawn itself if not given, and printed")
    made.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="an empty folder for the record and the logs, which are then kept"
    )
    return made


def count(text: str) -> int:
    """A whole number, 0 or more."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no count")
    return int(text)


def kinds(of: type[Kind]) -> Callable[[str], frozenset[Kind]]:
    """Some of these, with commas between."""

    def read(text: str) -> frozenset[Kind]:
        try:
            return frozenset(of(word) for word in text.split(","))
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{error}; there are {', '.join(of)}") from None

    return read


def seed(given: argparse.Namespace) -> int:
    """The one that was given, or a new one."""
    return int(given.seed) if given.seed is not None else secrets.randbelow(1_000_000)


def folder(given: argparse.Namespace) -> Path:
    """Where the record goes. Raises `NotEmptyError`."""
    made: Path = given.keep or Path(tempfile.mkdtemp(prefix="chinwag-prove-"))
    made.mkdir(parents=True, exist_ok=True)
    if any(made.iterdir()):
        raise NotEmptyError(f"{made} is not empty: name another folder")
    return made


def discard(given: argparse.Namespace, made: Path) -> None:
    """A run that found nothing leaves nothing, unless it was asked to."""
    if given.keep is None:
        with contextlib.suppress(OSError):
            shutil.rmtree(made)


def told(name: str, table: Iterable[str], verdict: Iterable[str], short: Iterable[str], stuck: str) -> None:
    """Print what came of a run, but for its last line."""
    print("\n".join(table))
    print("\n".join(verdict))
    for what in short:
        print(f"{name}: too little: {what}")
    if stuck:
        print(f"{name}: broke off: {stuck}")


def say(name: str) -> Callable[[str], None]:
    """Tells people how far it is."""
    return lambda text: print(f"{name}: {text}", file=sys.stderr, flush=True)
