"""Every metric is told of in docs/operations.md, and none is told of that is not there."""

import ast
import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

from chinwag.adapters.embedded import open_embedded
from chinwag.assembly import Server, open_directory_in, open_search_index_in
from chinwag.config import Config
from chinwag.config.sections import Observe

ROOT = Path(__file__).parents[2]
CLUSTER = sorted((ROOT / "src" / "chinwag" / "assembly" / "cluster").glob("*.py"))


async def test_operations_names_every_metric(tmp_path: Path) -> None:
    embedded = await open_embedded(tmp_path)
    directory = await open_directory_in(tmp_path)
    index = await open_search_index_in(tmp_path)
    observe = Server(Config(observe=Observe(port=0)), tmp_path, embedded, directory, index, 0).observe
    try:
        await observe.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", observe.port)
        writer.write(b"GET /metrics HTTP/1.1\r\n\r\n")
        metrics = (await reader.read()).decode()
        writer.close()
    finally:
        await observe.stop()
        await index.close()
        await directory.close()
        await embedded.close()
    names = set(re.findall(r"^(chinwag_\w+)", metrics, re.MULTILINE))
    told = set(re.findall(r"`(chinwag_\w+)`", (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")))
    assert names | of_clusters() == told


def test_every_metric_of_a_cluster_is_written_out_where_it_is_made() -> None:
    """A name that is put together there would be found by nobody, nor by the test before."""
    for module in CLUSTER:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            dicts = node.keys if isinstance(node, ast.Dict) else [node.key] if isinstance(node, ast.DictComp) else []
            assert not any(isinstance(key, ast.JoinedStr) for key in dicts), f"{module.name}: {ast.unparse(node)}"
    assert "chinwag_cassandra_reads_total" in of_clusters()


def of_clusters() -> set[str]:
    """The metrics that only a cluster's processes have, by their assembly: each has a meaning, and what reads it."""
    found = set()
    for module in CLUSTER:
        tree = ast.parse(module.read_text(encoding="utf-8"))
        gauges = set(_keys(one.value for one in ast.walk(tree) if isinstance(one, ast.keyword) and one.arg == "gauges"))
        found |= {f"chinwag_{name}" if name in gauges else f"chinwag_{name}_total" for name in _keys(ast.walk(tree))}
    return found


def _keys(nodes: Iterator[ast.AST]) -> Iterator[str]:
    """Of those that are tables of metrics."""
    for node in nodes:
        for key, value in zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ():
            if (
                isinstance(key, ast.Constant)
                and isinstance(value, ast.Tuple)
                and isinstance(value.elts[-1], ast.Lambda)
            ):
                yield str(key.value)
