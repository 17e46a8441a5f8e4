"""One thing that the doctor has looked at."""

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """ok: as it should be. warn: it works, but not for long or not well. fail: it does not work, or is not safe."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True):
    """What was found about a subject, and what to do about it (empty if nothing)."""

    level: Level
    subject: str
    found: str
    advice: str = ""


def ok(subject: str, found: str) -> Finding:
    """As it should be."""
    return Finding(Level.OK, subject, found)


def warn(subject: str, found: str, advice: str) -> Finding:
    """It works, but not for long or not well."""
    return Finding(Level.WARN, subject, found, advice)


def fail(subject: str, found: str, advice: str) -> Finding:
    """It does not work, or is not safe."""
    return Finding(Level.FAIL, subject, found, advice)
