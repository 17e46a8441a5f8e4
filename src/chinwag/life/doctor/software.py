"""Python, and the packages that Chinwag stands on."""

import platform
import re
from collections.abc import Iterator
from importlib import metadata
from typing import Final

import chinwag
from chinwag.life.doctor.finding import Finding, fail, ok, warn

_REQUIREMENT: Final = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*([^;]*)(;.*)?$")
_CLAUSE: Final = re.compile(r"(~=|>=|<|==)\s*([0-9][0-9.]*)")


def software() -> Iterator[Finding]:
    """The versions that run, beside those that this version was made for."""
    yield ok("python", f"Python {platform.python_version()}, Chinwag {chinwag.__version__}")
    missing, other, fitting = [], [], 0
    for text in metadata.requires("chinwag") or []:
        matched = _REQUIREMENT.match(text)
        if matched is None or matched[3]:
            continue  # only for development
        name, wanted = matched[1], matched[2].strip()
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
            continue
        if fits(found, wanted):
            fitting += 1
        else:
            other.append(f"{name} {found} (wanted {wanted})")
    again = "install again from requirements.txt: `make setup`, or pip install -r requirements.txt"
    if missing:
        yield fail("packages", f"missing: {', '.join(missing)}", again)
    if other:
        yield warn("packages", f"not of the versions tested: {', '.join(other)}", again)
    if not missing and not other:
        yield ok("packages", f"{fitting} packages, all of the versions wanted")


def fits(version: str, wanted: str) -> bool:
    """Whether a release is within `~=`, `>=`, `<` and `==` (PEP 440); what it does not know, it lets pass."""
    have = _release(version)
    for operator, text in _CLAUSE.findall(wanted):
        bound = _release(text)
        if operator == "~=" and not (have >= bound and have[: len(bound) - 1] == bound[:-1]):
            return False
        if operator == ">=" and have < bound:
            return False
        if operator == "<" and have >= bound:
            return False
        if operator == "==" and have[: len(bound)] != bound:
            return False
    return True


def _release(version: str) -> tuple[int, ...]:
    matched = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    return tuple(map(int, matched[0].split("."))) if matched else ()
