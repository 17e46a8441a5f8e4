"""Jars are taken only as they were pinned."""

from pathlib import Path

import pytest

from chinwag.engines import EngineError, jars
from chinwag.engines.jars import ZOOKEEPER, fetch_jars, jars_of


def test_a_jar_that_is_not_the_pinned_one_is_refused_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "cache_folder", lambda _: tmp_path / "spoilt")
    one = next(jar for jar in jars_of(ZOOKEEPER) if jar.artifact == "slf4j-api")
    pinned = tmp_path / "pinned.txt"
    name = f"{one.group}:{one.artifact}:{one.version}"
    pinned.write_text(f"{name} {'0' * 64}\n")
    with pytest.raises(EngineError, match="not the one that is pinned"):
        fetch_jars("spoilt", pinned, lambda _: None)
    assert [path.name for path in tmp_path.iterdir()] == ["pinned.txt"]
    (tmp_path / "spoilt").mkdir()
    with pytest.raises(EngineError, match=f"lacks {one.file}"):
        fetch_jars("spoilt", pinned, lambda _: None)


def test_what_is_missing_on_the_machine_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(jars, "cache_folder", lambda _: tmp_path / "spoilt")
    with pytest.raises(EngineError, match="Java 17 or newer is missing: install it"):
        jars.java()
    with pytest.raises(EngineError, match="Maven is missing, which fetches this engine: install it"):
        fetch_jars("none", ZOOKEEPER, lambda _: None)
