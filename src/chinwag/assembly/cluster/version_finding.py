"""Whether an engine's version is new enough."""

from chinwag.life.doctor.finding import Finding, fail, ok, warn


def version_finding(subject: str, said: str, least: tuple[int, int]) -> Finding:
    """Whether a version is new enough."""
    first, _, rest = said.partition(".")
    second = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    if not (first.isascii() and first.isdigit() and second):
        return warn(subject, f"version {said or 'not known'}", f"{least[0]}.{least[1]} is the oldest that will do")
    if (int(first), int(second)) < least:
        return fail(subject, f"version {said}", f"{least[0]}.{least[1]} is the oldest that will do: update it")
    return ok(subject, f"version {first}.{second}")
