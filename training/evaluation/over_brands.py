"""Several evaluations in one table: `python -m training.evaluation.over_brands FOLDER... --out TABLE.md`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.core.errors import MissingArtifact
from pipelines.core.jobs import run_job
from training.evaluation.looks import REGIMES
from training.evaluation.table import COLUMNS, cell_digits
from training.files import write_bytes


def main(argv: list[str] | None = None) -> int:
    """Entry point; the last line printed is a JSON summary."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluation.over_brands", description="Several brands.")
    parser.add_argument("folders", type=Path, nargs="+", help="what `restyle evaluate` wrote, one folder a brand")
    parser.add_argument("--out", type=Path, required=True, help="Markdown file to write")
    options = parser.parse_args(argv)
    return run_job(lambda: _job(options))


def _job(options: argparse.Namespace) -> dict[str, Any]:
    reports = [_read(folder / "evaluation.json") for folder in options.folders]
    write_bytes(options.out, over_brands(reports).encode())
    return {"out": str(options.out), "brands": [report["brand"] for report in reports]}


def over_brands(reports: Sequence[Mapping[str, Any]]) -> str:
    """Markdown: for each look and baseline the median over brands of the brands' medians, then each brand's looks."""
    brands = ", ".join(report["brand"] for report in reports)
    lines = [f"| median of {brands} | " + " | ".join(COLUMNS.values()) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for kind in ("regimes", "baselines"):
        for name in _names(reports, kind):
            rows = [report[kind].get(name, {}).get("figures", {}) for report in reports]
            lines.append(_line(f"**{name}**" if kind == "regimes" else name, rows))
    for report in reports:
        names = _names([report], "regimes")
        lines += [_line(f"{report['brand']}: {name}", [report["regimes"][name]["figures"]]) for name in names]
    return "\n".join(lines) + "\n"


def _names(reports: Sequence[Mapping[str, Any]], kind: str) -> list[str]:
    """Names that any report has, in the order of the regimes; what is no regime follows, "identity" first."""
    order = ["identity", *(f"{start}{regime.name}" for start in ("", "colour only, ") for regime in REGIMES)]
    found = {name for report in reports for name in report[kind]}
    return [name for name in order if name in found] + sorted(found - set(order))


def _line(name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    cells = []
    for figure in COLUMNS:
        found = [row[figure]["median"] for row in rows if figure in row]
        cells.append(f"{np.median(found):.{cell_digits(figure)}f}" if found else "-")
    return f"| {name} | " + " | ".join(cells) + " |"


def _read(file: Path) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise MissingArtifact(f"{file}: expected what `restyle evaluate` writes, received {error}") from error
    return report


if __name__ == "__main__":
    sys.exit(main())
