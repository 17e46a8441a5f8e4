"""How findings are told, whatever looked."""

from collections import Counter
from collections.abc import Iterable

from chinwag.cli.out import say
from chinwag.life.doctor import Finding, Level


def told(findings: Iterable[Finding]) -> int:
    """Print them and their count; the exit code: 1 if something fails."""
    count = Counter[Level]()
    for finding in findings:
        count[finding.level] += 1
        say(f"{finding.level:<5}{finding.subject}: {finding.found}")
        if finding.advice:
            say(f"      → {finding.advice}")
    say(f"{count[Level.OK]} ok, {count[Level.WARN]} to watch, {count[Level.FAIL]} failed")
    return 1 if count[Level.FAIL] else 0
