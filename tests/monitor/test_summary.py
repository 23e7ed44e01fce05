from __future__ import annotations

import copy
from typing import Any

import pytest

from pipelines.core import storage
from pipelines.core.accounting import Accounting
from pipelines.core.errors import InputError, MissingArtifact
from pipelines.monitor.summary import parse_summary, read_summary


def test_reads_what_publish_writes(night: Any) -> None:
    summary = read_summary(night.run.summary)
    assert summary.accounting == Accounting(images_in=9, restyled=4, reused=2, kept_original=2, dead_letters=1)
    assert summary.gate.thresholds["min_white_kept"] == 0.995
    assert summary.seconds == {"restyle": 61.5, "verify": 4.0}


def test_releases_may_be_null(night: Any) -> None:
    summary = parse_summary({**night.summary(), "release_id": None, "previous_release_id": None}, "here")
    assert (summary.release_id, summary.previous_release_id) == ("", "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 2}, "schema version 1, received 2"),
        ({"status": "perhaps"}, "status: expected published, unchanged, backfilled, blocked, .*, received 'perhaps'"),
        ({"accounting": {"images_in": 3}}, "not a summary as publish writes it"),
        ({"accounting": None}, "not a summary as publish writes it"),
        ({"seconds": {"restyle": "long"}}, "long"),
    ],
)
def test_says_what_is_wrong(night: Any, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse_summary({**copy.deepcopy(night.summary()), **change}, "runs/summary.json")
    assert "runs/summary.json" in str(caught.value)


def test_names_the_missing_field(night: Any) -> None:
    values = night.summary()
    del values["accounting"]
    with pytest.raises(InputError, match="no 'accounting'"):
        parse_summary(values, "here")


def test_not_json_and_not_there(tmp_path: Any) -> None:
    storage.write_bytes(f"{tmp_path}/summary.json", b"{")
    with pytest.raises(InputError, match="expected the JSON that publish writes"):
        read_summary(f"{tmp_path}/summary.json")
    with pytest.raises(MissingArtifact, match="run publish first"):
        read_summary(f"{tmp_path}/nothing.json")
