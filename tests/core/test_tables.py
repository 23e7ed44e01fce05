from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core import tables
from pipelines.core.contracts import DeadLetter, ReleaseRow, ResultRow, VerdictRow
from pipelines.core.errors import MissingArtifact
from pipelines.core.tables import read_json_lines, read_rows, write_json_lines, write_rows

VERDICTS = [VerdictRow("a", "k1", True, "", 0.9, 0.8, 1.0), VerdictRow("ü", "k2", False, "edges", 0.1, 0.0, 0.5)]


@pytest.fixture
def verdicts(tmp_path: Path) -> str:
    uri = str(tmp_path / "run/verdicts.parquet")
    write_rows(uri, VERDICTS, VerdictRow)
    return uri


def test_rows_come_back_as_they_were(verdicts: str) -> None:
    assert read_rows(verdicts, VerdictRow) == VERDICTS


def test_an_empty_table_has_its_columns(tmp_path: Path) -> None:
    uri = str(tmp_path / "rows.parquet")
    info = write_rows(uri, [], ReleaseRow)
    assert info.rows == 0
    assert read_rows(uri, ReleaseRow) == []
    assert pq.read_schema(uri).names == list(ReleaseRow.__dataclass_fields__)


def test_columns_are_not_nullable_and_typed(verdicts: str) -> None:
    schema = pq.read_schema(verdicts)
    types = [field.type for field in schema]
    assert types[:7] == [pa.string(), pa.string(), pa.bool_(), pa.string(), *[pa.float64()] * 3]
    assert not any(field.nullable for field in schema)


def test_altered_bytes_are_refused(verdicts: str) -> None:
    data = bytearray(Path(verdicts).read_bytes())
    data[len(data) // 2] ^= 1
    Path(verdicts).write_bytes(data)
    with pytest.raises(MissingArtifact, match=r"verdicts\.parquet: the bytes are not those"):
        read_rows(verdicts, VerdictRow)


def test_an_unfinished_table_is_refused(verdicts: str) -> None:
    Path(f"{verdicts}.json").unlink()
    with pytest.raises(MissingArtifact, match="expected a finished VerdictRow table here, found none"):
        read_rows(verdicts, VerdictRow)


def test_a_lost_table_is_refused(verdicts: str) -> None:
    Path(verdicts).unlink()
    with pytest.raises(MissingArtifact, match="the table is gone"):
        read_rows(verdicts, VerdictRow)


def test_another_kind_is_refused(verdicts: str) -> None:
    with pytest.raises(MissingArtifact, match="expected ResultRow of schema 2, received VerdictRow of schema 2"):
        read_rows(verdicts, ResultRow)


def test_a_later_schema_is_refused_even_with_keys_of_its_own(verdicts: str) -> None:
    sidecar = Path(f"{verdicts}.json")
    sidecar.write_text(json.dumps({**json.loads(sidecar.read_text()), "schema_version": 3, "codec": "new"}))
    with pytest.raises(MissingArtifact, match="received VerdictRow of schema 3; write it again"):
        read_rows(verdicts, VerdictRow)


@pytest.mark.parametrize("text", ["", "[]", "null", '{"kind": "VerdictRow"}', "\x00"])
def test_a_damaged_sidecar_is_refused(verdicts: str, text: str) -> None:
    Path(f"{verdicts}.json").write_text(text)
    with pytest.raises(MissingArtifact, match=r"parquet\.json: expected JSON with schema_version, kind, rows, sha256"):
        tables.artifact_info(verdicts)


def test_writing_again_replaces(verdicts: str) -> None:
    write_rows(verdicts, VERDICTS[:1], VerdictRow)
    assert read_rows(verdicts, VerdictRow) == VERDICTS[:1]


@settings(max_examples=50)
@given(st.lists(st.text(st.characters(codec=None), max_size=20), max_size=4))
def test_json_lines_hold_any_text(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    uri = str(tmp_path_factory.mktemp("lines") / "dead_letters.jsonl")
    rows = [DeadLetter("p", text, text, "ingest", "bad-row", text) for text in ["\u2028\x85\x1c\r\n", "\ud800", *texts]]
    assert write_json_lines(uri, rows) == len(rows)
    assert read_json_lines(uri, DeadLetter) == rows


def test_absent_json_lines_have_no_rows(tmp_path: Path) -> None:
    assert read_json_lines(str(tmp_path / "none.jsonl"), DeadLetter) == []
