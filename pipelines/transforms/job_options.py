"""Command line of the Beam jobs: our own options, and whatever is left for Beam, checked rather than dropped."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.core.errors import InputError

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions

LOCAL_RUNNER = "FnApiRunner"
"""Runs in this process. `DirectRunner` tries to download a Prism binary first."""


@dataclass(frozen=True)
class RunJobOptions:
    """What every job of one brand's run is told. `beam_flags` are the arguments that are not ours."""

    settings: str
    brand: str
    date: str
    run_id: str
    dry_run: bool
    beam_flags: tuple[str, ...]


@dataclass(frozen=True)
class NightJobOptions:
    """What a job that all brands share is told. `beam_flags` are the arguments that are not ours."""

    settings: str
    date: str
    run_id: str
    dry_run: bool
    beam_flags: tuple[str, ...]


def parse_run_job(module: str, description: str, arguments: Sequence[str] | None = None) -> RunJobOptions:
    """Parse the command line (`sys.argv` by default); a missing or malformed option of ours ends the process with 2."""
    parser = _parser(module, description)
    parser.add_argument("--brand", required=True, help="one of the shop's brands")
    known, rest = parser.parse_known_args(arguments)
    return RunJobOptions(known.settings, known.brand, known.date, known.run_id, known.dry_run, tuple(rest))


def parse_night_job(module: str, description: str, arguments: Sequence[str] | None = None) -> NightJobOptions:
    """The same for a job without a brand."""
    known, rest = _parser(module, description).parse_known_args(arguments)
    return NightJobOptions(known.settings, known.date, known.run_id, known.dry_run, tuple(rest))


def _parser(module: str, description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=description,
        epilog="Other options go to Beam, e.g. --runner=DataflowRunner.",
        allow_abbrev=False,
    )
    parser.add_argument("--settings", required=True, metavar="SHOP_YAML", help="the shop's settings file")
    parser.add_argument("--date", required=True, metavar="YYYY-MM-DD", help="date of the catalog")
    parser.add_argument("--run-id", required=True, help="names the run's folder")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, write nothing")
    return parser


def merged_flags(from_settings: Sequence[str], from_command_line: Sequence[str]) -> tuple[str, ...]:
    """Both, each once: a scheduler may well repeat on the command line what the settings say."""
    return (*from_settings, *(flag for flag in from_command_line if flag not in from_settings))


def beam_options(flags: Sequence[str]) -> PipelineOptions:
    """Beam's options, with the local runner unless `flags` name another.

    Raises:
        InputError: an option that neither we nor Beam know (Beam itself would only log a warning).
    """
    from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

    parser = argparse.ArgumentParser(prog="beam options", allow_abbrev=False, add_help=False, exit_on_error=False)
    for kind in {str(kind): kind for kind in PipelineOptions.__subclasses__()}.values():
        if "_add_argparse_args" in vars(kind):
            kind._add_argparse_args(parser)
    try:
        _, unknown = parser.parse_known_args(list(flags))
    except argparse.ArgumentError as error:
        raise InputError(f"beam options: {error}") from error
    if unknown:
        raise InputError(f"options: expected ours (--help) or Beam's, received {' '.join(unknown)}.")
    options = PipelineOptions(list(flags))
    standard = options.view_as(StandardOptions)
    if standard.runner is None:
        standard.runner = LOCAL_RUNNER
    return options
