"""`chinwag doctor`: is this machine, this configuration and this data folder fit to serve?"""

import cyclopts

from chinwag.cli.profile import need_folder
from chinwag.cli.settings import read_settings, with_settings
from chinwag.config import ConfigError

app = cyclopts.App(name="doctor")


@app.default
@with_settings()
def doctor(**flags: str | None) -> int:
    """Look at everything that a server needs, and say what to do about what is wrong."""
    from chinwag.cli.findings import told
    from chinwag.life.doctor import examine

    try:
        effective = read_settings(flags)
        need_folder(effective.config, "`chinwag cluster check` looks at a cluster")
        findings = list(examine(effective, ()))
    except ConfigError as error:
        findings = list(examine(None, error.problems))
    return told(findings)
