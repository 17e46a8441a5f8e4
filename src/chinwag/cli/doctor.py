"""`chinwag doctor`: is this machine, this configuration and this data folder fit to serve?"""

from functools import partial

import cyclopts

from chinwag.cli.profile import need_folder
from chinwag.cli.settings import read_settings, with_settings
from chinwag.config import ConfigError

app = cyclopts.App(name="doctor")


@app.default
@with_settings()
def doctor(**flags: str | None) -> int:
    """Look at everything that a server needs, and say what to do about what is wrong."""
    from chinwag.assembly.media import media_store_of
    from chinwag.cli.findings import told
    from chinwag.life.doctor import examine

    try:
        effective = read_settings(flags)
        need_folder(effective.config, "`chinwag cluster check` looks at a cluster")
        config = effective.config
        elsewhere = partial(media_store_of, config) if config.s3.endpoint else None
        findings = list(examine(effective, (), elsewhere))
    except ConfigError as error:
        findings = list(examine(None, error.problems))
    return told(findings)
