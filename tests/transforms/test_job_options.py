from __future__ import annotations

import pytest

from pipelines.core.errors import InputError
from pipelines.transforms.job_options import (
    LOCAL_RUNNER,
    NightJobOptions,
    RunJobOptions,
    beam_options,
    parse_night_job,
    parse_run_job,
)

# Importing Beam 2.77 imports google.api_core.
pytestmark = pytest.mark.filterwarnings("ignore:Please install grpcio-status:ImportWarning")
OURS = ["--settings", "shop.yaml", "--date", "2026-11-23", "--run-id", "r1"]


def test_our_options_and_what_is_left_for_beam() -> None:
    night = parse_night_job("pipelines.preprocess", "", [*OURS, "--runner=DataflowRunner", "--dry-run"])
    assert night == NightJobOptions("shop.yaml", "2026-11-23", "r1", True, ("--runner=DataflowRunner",))
    run = parse_run_job("pipelines.restyle", "", [*OURS, "--brand", "inkwell"])
    assert run == RunJobOptions("shop.yaml", "inkwell", "2026-11-23", "r1", False, ())


@pytest.mark.parametrize("missing", ["--settings", "--date", "--run-id"])
def test_a_missing_option_ends_the_process_with_2(missing: str, capsys: pytest.CaptureFixture[str]) -> None:
    place = OURS.index(missing)
    with pytest.raises(SystemExit) as ended:
        parse_night_job("pipelines.preprocess", "", OURS[:place] + OURS[place + 2 :])
    assert ended.value.code == 2
    assert missing in capsys.readouterr().err


def test_a_run_needs_a_brand(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_run_job("pipelines.restyle", "", OURS)
    assert "--brand" in capsys.readouterr().err


def test_abbreviated_options_of_ours_are_not_guessed() -> None:
    assert parse_night_job("pipelines.preprocess", "", [*OURS, "--dry"]).beam_flags == ("--dry",)


def test_the_local_runner_is_named_unless_another_is() -> None:
    from apache_beam.options.pipeline_options import StandardOptions

    assert beam_options([]).view_as(StandardOptions).runner == LOCAL_RUNNER == "FnApiRunner"
    other = beam_options(["--runner=DataflowRunner", "--region=europe-west4"])
    assert other.view_as(StandardOptions).runner == "DataflowRunner"


@pytest.mark.parametrize("flags", [["--nonsense=1"], ["--dry"], ["stray"], ["--direct_num_workers=many"]])
def test_what_nobody_knows_is_an_error(flags: list[str]) -> None:
    with pytest.raises(InputError, match="options"):
        beam_options(flags)
