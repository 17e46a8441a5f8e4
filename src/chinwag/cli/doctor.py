"""`chinwag doctor`: is this machine, this configuration and this data folder fit to serve?"""

from collections import Counter
from typing import Final

import cyclopts
from rich.console import Console
from rich.text import Text

from chinwag.cli.settings import read_settings, with_settings
from chinwag.config import ConfigError
from chinwag.life.doctor import Finding, Level, examine

_STYLES: Final = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red"}

app = cyclopts.App(
    name="doctor",
    help="""Look at everything that a server needs, and say what to do about what is wrong.

    Takes the same settings as `chinwag serve`; run it where and as whom the server runs. It changes nothing. Exits
    with 1 if something fails, else with 0.
    """,
)


@app.default
@with_settings()
def doctor(**flags: str | None) -> int:
    """Look at everything that a server needs, and say what to do about what is wrong."""
    console = Console(highlight=False, soft_wrap=True)
    try:
        findings = examine(read_settings(flags), ())
    except ConfigError as error:
        findings = examine(None, error.problems)
    count: Counter[Level] = Counter()
    for finding in findings:
        count[finding.level] += 1
        _print(console, finding)
    console.print(f"{count[Level.OK]} ok, {count[Level.WARN]} to watch, {count[Level.FAIL]} failed", markup=False)
    return 1 if count[Level.FAIL] else 0


def _print(console: Console, finding: Finding) -> None:
    line = Text(f"{finding.level:<5}", _STYLES[finding.level])
    line.append(f"{finding.subject}: {finding.found}", "")
    console.print(line)
    if finding.advice:
        console.print(Text(f"      → {finding.advice}"))
