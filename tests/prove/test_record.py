"""The file of a run's facts: what is written is read again, also from a run that broke off."""

from pathlib import Path

import pytest
from prove.check import main
from prove.facts import Run
from prove.record import NotARecord, Recorder, read
from prove.synthesise import main as synthesise
from tests.prove.runs import rich


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    facts = rich()[1:]
    with Recorder(tmp_path / "record", 7, "a run") as recorder:
        for fact in facts:
            recorder.write(fact)
    first, *rest = read(tmp_path / "record")
    assert isinstance(first, Run)
    assert (first.seed, first.what) == (7, "a run")
    assert rest == facts


def test_a_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "record"
    with Recorder(path, 1, "a run") as recorder:
        for fact in rich()[1:10]:
            recorder.write(fact)
    whole = list(read(path))
    path.write_bytes(path.read_bytes()[:-3])
    assert list(read(path)) == whole[:-1]


@pytest.mark.parametrize(
    "content", [b"", b"hello\n", b'["up",1]\n', b'["run",99,1,"later"]\n', b'["run",1,1,"x"]\n[1]\n']
)
def test_anything_else_is_no_record(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "record"
    path.write_bytes(content)
    with pytest.raises(NotARecord):
        list(read(path))
    assert main([str(path)]) == 2


def test_a_right_record_is_found_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "record"
    assert synthesise(["1000", str(path)]) == 0
    assert main([str(path)]) == 0
    assert "attempted=1000 acked=1000" in capsys.readouterr().out


def test_a_wrong_record_is_told_and_many_violations_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "record"
    synthesise(["1000", str(path)])
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if not line.startswith(b'["hm"')))
    assert main([str(path)]) == 1
    told = capsys.readouterr().out
    assert "P1: and " in told
    assert len(told.splitlines()) < 50
