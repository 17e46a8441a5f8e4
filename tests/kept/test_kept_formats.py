"""What is stored by this version is stored as in a kept state: whoever changes a form keeps a state of it."""

import json
import lzma
import re
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from tests.kept.test_kept_data import CASES

from chinwag.adapters.cassandra import schema as rows_schema
from chinwag.adapters.cassandra import stream_tables
from chinwag.adapters.embedded.data_directory import FORMAT
from chinwag.adapters.postgres import schema as messages_schema
from chinwag.adapters.relational import fresh, fresh_postgres
from chinwag.engines.programs import cache_folder, fetch

pytestmark = pytest.mark.cluster_prove
ADVICE = "keep a state of this form: tools.make_kept_data, tools.make_kept_cassandra"


def _of(part: str) -> list[Path]:
    return [state for state, each in CASES if each == part]


def test_a_data_folder_is_of_a_kept_form() -> None:
    """A backup says of which: `data` is of the same server."""
    forms = set()
    for state in _of("backup"):
        with tarfile.open(state / "backup.tar.xz") as tar:
            manifest = tar.extractfile("backup/manifest.json")
            assert manifest is not None
            made: dict[str, Any] = json.load(manifest)
        forms.add((made["data_format"], made["directory_schema"]))
    assert (FORMAT, fresh.REVISION) in forms, ADVICE


@pytest.mark.parametrize("part", ["cluster", "wide"])
def test_the_databases_are_of_kept_forms(part: str, tmp_path: Path) -> None:
    program = str(fetch(cache_folder(), lambda _: None).postgres / "pg_restore")
    forms = set()
    for state in _of(part):
        dump = state / f"{part}.dump"
        if not dump.exists():
            dump = tmp_path / dump.name
            dump.write_bytes(lzma.decompress((state / f"{part}.dump.xz").read_bytes()))

        def words(table: str, dump: Path = dump) -> list[str]:
            command = [program, "--data-only", f"--table={table}", "--file=-", str(dump)]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found = re.search(r"^COPY \S+ \((.*)\) FROM stdin;\n(.*)\n", said, re.MULTILINE)
            assert found is not None, said
            return [
                value
                for name, value in zip(found[1].split(", "), found[2].split("\t"), strict=True)
                if name in ("version", "version_num")
            ]

        forms.add((*words("alembic_version"), *words("life")))
    assert (fresh_postgres.REVISION, str(messages_schema.VERSION)) in forms, ADVICE


def test_the_keyspace_is_of_a_kept_form() -> None:
    """Its tables too, with the names and types of their columns."""
    now = _columns({**rows_schema.TABLES, **stream_tables.TABLES})
    forms = []
    for state in _of("wide"):
        kept = json.loads(lzma.decompress((state / "wide.rows.xz").read_bytes()))
        tables = {name: sorted(map(tuple, (*one["keys"], *one["cells"]))) for name, one in kept.items()}
        lives = [
            {name: row[1 + at][0] for at, (name, _) in enumerate(kept[table]["cells"])}["version"]
            for table in ("life", "inbox_life")
            for row in kept[table]["rows"]
        ]
        forms.append((tables, lives))
    assert (now, [rows_schema.VERSION, stream_tables.VERSION]) in forms, ADVICE


def _columns(tables: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    """Out of what the statements say that make them."""
    found = {}
    for table, words in tables.items():
        plain = words.partition("PRIMARY KEY (")[0].replace(" PRIMARY KEY", "")
        found[table] = sorted((name, kind) for name, kind in re.findall(r"(\w+) (int|bigint|blob)\b", plain))
    return found
