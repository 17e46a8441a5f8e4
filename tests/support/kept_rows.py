"""All rows of a keyspace in one small file, each cell with its timestamp; and the same keyspace, made out of it."""

import asyncio
import json
import lzma
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from chinwag.adapters.cassandra import CassandraServers, Driver
from chinwag.adapters.cassandra.schema import OPTIONS, TOGETHER
from chinwag.adapters.cassandra.statements import Read, Value, insert

_KEYS: Final = {"partition_key": 0, "clustering": 1}
_PLACES: Final = 16
"""Rows that are written side by side."""


async def keep_rows(servers: CassandraServers, target: Path) -> None:
    """Write all tables with all their rows into the file `target` (JSON, xz)."""
    driver = await Driver.connect(servers, keyspace=False)
    try:
        columns = await driver.rows(
            Read(
                "SELECT table_name, column_name, kind, position, type FROM system_schema.columns "
                f"WHERE keyspace_name = '{servers.keyspace}'"
            ),
            (),
        )
        tables = {name: await _kept(driver, servers.keyspace, name, list(some)) for name, some in _by_table(columns)}
    finally:
        await driver.close()
    content = lzma.compress(json.dumps(tables, separators=(",", ":")).encode(), preset=9)
    await asyncio.to_thread(target.write_bytes, content)


async def bring_rows(servers: CassandraServers, source: Path) -> None:
    """Make the keyspace, which must be new, with the tables and the rows of a file that `keep_rows` wrote. A row that
    goes by itself has as long to live as it had when it was kept."""
    tables = json.loads(lzma.decompress(await asyncio.to_thread(source.read_bytes)))
    driver = await Driver.connect(servers, keyspace=False)
    try:
        replication = f"{{'class': 'NetworkTopologyStrategy', '{servers.datacenter}': 1}}"
        await driver.define(f"CREATE KEYSPACE {servers.keyspace} WITH replication = {replication}")
        places = asyncio.Semaphore(TOGETHER)

        async def make(table: str, kept: dict[str, Any]) -> None:
            columns = ", ".join(f"{name} {kind}" for name, kind in (*kept["keys"], *kept["cells"]))
            partition, rest = kept["keys"][: kept["partition"]], kept["keys"][kept["partition"] :]
            inner = ", ".join(name for name, _ in partition)
            key = ", ".join([f"({inner})", *(name for name, _ in rest)])
            async with places:
                await driver.define(
                    f"CREATE TABLE {servers.keyspace}.{table} ({columns}, PRIMARY KEY ({key})) WITH {OPTIONS}"
                )

        await asyncio.gather(*(make(*each) for each in tables.items()))
        for table, kept in tables.items():
            await _brought(driver, f"{servers.keyspace}.{table}", kept)
    finally:
        await driver.close()


def _by_table(columns: list[tuple[Any, ...]]) -> Any:
    return groupby(sorted(columns), key=lambda column: column[0])


async def _kept(driver: Driver, keyspace: str, table: str, columns: list[tuple[Any, ...]]) -> dict[str, Any]:
    """keys, cells: names and types of the columns. partition: how many of the keys are the partition's. rows: the keys'
    values, then of each cell its value, its timestamp and the seconds that it has to live; null where there is none."""
    keys = sorted((column for column in columns if column[2] in _KEYS), key=lambda one: (_KEYS[one[2]], one[3]))
    cells = [column for column in columns if column[2] not in _KEYS]
    asked = [key[1] for key in keys]
    for cell in cells:
        asked += [cell[1], f"WRITETIME({cell[1]})", f"TTL({cell[1]})"]
    found = await driver.rows(Read(f"SELECT {', '.join(asked)} FROM {keyspace}.{table}"), ())
    rows = []
    for row in found:
        values, rest = row[: len(keys)], row[len(keys) :]
        each = [rest[at : at + 3] for at in range(0, len(rest), 3)]
        rows.append([*map(_text, values), *([_text(one[0]), *one[1:]] if one[1] is not None else None for one in each)])
    return {
        "keys": [(key[1], key[4]) for key in keys],
        "partition": sum(key[2] == "partition_key" for key in keys),
        "cells": [(cell[1], cell[4]) for cell in cells],
        "rows": sorted(rows, key=json.dumps),
    }


async def _brought(driver: Driver, table: str, kept: dict[str, Any]) -> None:
    places = asyncio.Semaphore(_PLACES)
    keys = [name for name, _ in kept["keys"]]

    async def write(row: list[Any]) -> None:
        values, cells = [_value(one) for one in row[: len(keys)]], row[len(keys) :]
        for (name, _), cell in zip(kept["cells"], cells, strict=True):
            if cell is None:
                continue
            value, at, seconds = cell
            lasting = seconds is not None
            statement = insert(table, " ".join((*keys, name)), len(keys), ttl=lasting)
            given = (*values, _value(value), at, *((seconds,) if lasting else ()))
            async with places:
                await driver.write([(statement, given)])

    await asyncio.gather(*(write(row) for row in kept["rows"]))


def _text(value: object) -> object:
    """Bytes in hexadecimal digits; numbers as they are."""
    return value.hex() if isinstance(value, bytes) else value


def _value(text: str | int) -> Value:
    return bytes.fromhex(text) if isinstance(text, str) else text
