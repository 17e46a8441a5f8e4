"""A database is what all migrations make of it, however it came to be; and a start asks no Alembic."""

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from tools import fresh_schema

from chinwag.adapters.relational import open_directory
from chinwag.adapters.relational.database_file import create_file, revisions_in
from chinwag.adapters.relational.revisions import is_newest, known_revisions

SLOW = (
    *("alembic", "mako", "prompt_toolkit", "textual", "jinja2", "httpx2", "httpcore", "segno", "nats"),
    *("asyncpg", "sqlalchemy.dialects.postgresql.asyncpg", "docstring_parser", "markdown_it", "rich.markdown"),
    *("chinwag.client", "chinwag.load", "chinwag.cli.chat"),
)
"""What a server that starts on data of its own version has no use for, and what takes long to be imported."""


def test_the_fresh_schema_is_the_migrations_one() -> None:
    assert fresh_schema.MODULE.read_text() == fresh_schema.written(), "run `make docs`"
    assert fresh_schema.POSTGRES.read_text() == fresh_schema.written_for_postgres(), "run `make docs`"


def test_the_migrations_are_known_by_their_files() -> None:
    config = Config()
    config.set_main_option("script_location", str(fresh_schema.MODULE.parent / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    assert known_revisions() == {script.revision for script in scripts.walk_revisions()}
    assert scripts.get_heads() == [max(known_revisions())]


def test_both_ways_lead_to_one_schema(tmp_path: Path) -> None:
    async def begin() -> None:
        await (await open_directory(tmp_path / "fresh.sqlite")).close()
        await fresh_schema.migrated(tmp_path / "migrated.sqlite")

    asyncio.run(begin())
    fresh, migrated = (_shape(tmp_path / f"{name}.sqlite") for name in ("fresh", "migrated"))
    assert fresh == migrated
    assert revisions_in(tmp_path / "fresh.sqlite") == revisions_in(tmp_path / "migrated.sqlite")


def _shape(file: Path) -> list[tuple[str, str, str]]:
    """Everything in the schema, white space aside."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master ORDER BY type, name")
        return [(kind, name, " ".join(sql.split())) for kind, name, sql in rows]


def test_an_earlier_schema_is_seen_and_nothing_is_changed(tmp_path: Path) -> None:
    create_file(tmp_path / "old.sqlite")
    assert is_newest(tmp_path / "old.sqlite")
    with contextlib.closing(sqlite3.connect(tmp_path / "old.sqlite")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    assert not is_newest(tmp_path / "old.sqlite")
    assert revisions_in(tmp_path / "old.sqlite") == {"0001"}


@pytest.mark.parametrize("begun", [False, True], ids=["a new folder", "a folder of this version"])
def test_a_start_imports_nothing_that_it_has_no_use_for(begun: bool, tmp_path: Path) -> None:
    start = (
        "import asyncio, sys\n"
        "import chinwag.cli.serve\n"
        "from chinwag.assembly import open_server\n"
        "from chinwag.config import load\n"
        "config = load({'data.path': sys.argv[1], 'server.port': '0', 'observe.port': '0'}, {}, None).config\n"
        "async def run():\n"
        "    server = await open_server(config)\n"
        "    try:\n"
        "        await server.start()\n"
        "    finally:\n"
        "        await server.stop()\n"
        "asyncio.run(run())\n"
        f"print([name for name in {SLOW!r} if name in sys.modules])\n"
    )
    for _ in range(1 + begun):
        ran = subprocess.run(
            [sys.executable, "-c", start, tmp_path / "data"], capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.strip().splitlines()[-1] == "[]"
