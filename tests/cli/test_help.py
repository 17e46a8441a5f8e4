"""`--help` describes everything, and loads nothing that it does not need."""

import inspect
import subprocess
import sys

import pytest

from chinwag.cli.catalogue import COMMANDS
from chinwag.cli.main import app

HEAVY = {"sqlalchemy", "alembic", "litestar", "rocksdict", "picows", "httpx2", "prompt_toolkit", "chinwag.assembly"}
"""What a server, a client or a terminal takes; `--help` is none of them."""
_RUN = """
import sys
from chinwag.cli.main import main
try:
    main()
finally:
    print("\\nLOADED", *sys.modules)
"""


def _helped(*arguments: str) -> tuple[str, set[str]]:
    """What `chinwag ARGUMENTS --help` says on one long line, and the modules that it loaded."""
    ran = subprocess.run(
        [sys.executable, "-c", _RUN, *arguments, "--help"], capture_output=True, text=True, check=True, timeout=60
    )
    said, _, loaded = ran.stdout.rpartition("\nLOADED ")
    return " ".join(said.replace("│", " ").split()), set(loaded.split())


def test_the_list_describes_every_command_and_loads_none() -> None:
    said, loaded = _helped()
    for command in COMMANDS:
        first = inspect.cleandoc(command.help).splitlines()[0].replace("`", "")
        assert f"{command.name} {first}" in said
        assert command.app.partition(":")[0] not in loaded
    assert not HEAVY & loaded


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_command_describes_itself_whole_and_loads_no_server(command: object) -> None:
    name, help_ = command.name, command.help  # type: ignore[attr-defined]
    said, loaded = _helped(name)
    for line in inspect.cleandoc(help_).splitlines():
        assert line.replace("`", "").replace("*", "").strip() in said.replace("*", "")
    assert not HEAVY & loaded


def test_trace_speaks_of_clusters_and_takes_their_settings() -> None:
    said, _ = _helped("trace")
    assert "of a cluster its database and, over NATS, its servers" in said
    for flag in ("--data-path", "--store-profile", "--postgres-url", "--nats-urls"):
        assert flag in said


def test_every_command_is_there() -> None:
    for command in COMMANDS:
        assert app[command.name].name == (command.name,)
