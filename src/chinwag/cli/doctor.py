"""`chinwag doctor`: is this machine, this configuration and this data folder fit to serve?"""

from collections import Counter

import cyclopts

from chinwag.cli.out import say
from chinwag.cli.settings import read_settings, with_settings
from chinwag.config import ConfigError

app = cyclopts.App(name="doctor")


@app.default
@with_settings()
def doctor(**flags: str | None) -> int:
    """Look at everything that a server needs, and say what to do about what is wrong."""
    from chinwag.life.doctor import Level, examine

    try:
        findings = list(examine(read_settings(flags), ()))
    except ConfigError as error:
        findings = list(examine(None, error.problems))
    count = Counter(finding.level for finding in findings)
    for finding in findings:
        say(f"{finding.level:<5}{finding.subject}: {finding.found}")
        if finding.advice:
            say(f"      → {finding.advice}")
    say(f"{count[Level.OK]} ok, {count[Level.WARN]} to watch, {count[Level.FAIL]} failed")
    return 1 if count[Level.FAIL] else 0
