"""An evaluation as a Markdown table, for a model card or a page of documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from training.evaluation.rows import Evaluation
from training.metrics.figures import SetFigures

COLUMNS: Final = {
    "hand": "hand ↑",
    "style": "style ↑",
    "lpips": "LPIPS ↓",
    "ms_ssim": "MS-SSIM ↑",
    "edge_f1": "edge F1 ↑",
    "delta_e": "dE2000",
    "white_kept": "white ↑",
}
"""Figures in the order of the tables, and what their columns are called."""


def markdown(brand: str, evaluation: Evaluation) -> str:
    """Medians with their 95 % intervals; what is absent is a dash, and the reason stands below."""
    rows = {**{f"**{name}**": figures for name, figures in evaluation.regimes.items()}, **evaluation.baselines}
    strengths = {f"strength {strength:g}": figures for strength, figures in evaluation.strengths.items()}
    text = [f"# {brand}", "", *_table(rows), "", "## Strength, in the brand's own colour policy", ""]
    text += _table(strengths)
    monotone = evaluation.monotone()
    text += ["", *(f"- {name}: {'monotone' if fits else 'NOT monotone'}" for name, fits in monotone.items())]
    reasons = {name: why for figures in rows.values() for name, why in figures.absent.items()}
    text += ["", *(f"- {name} is absent: {why}" for name, why in reasons.items())]
    return "\n".join(text).rstrip() + "\n"


def _table(rows: Mapping[str, SetFigures]) -> list[str]:
    lines = ["| | " + " | ".join(COLUMNS.values()) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, figures in rows.items():
        lines.append(f"| {name} | " + " | ".join(_cell(figures, figure) for figure in COLUMNS) + " |")
    return lines


def _cell(figures: SetFigures, name: str) -> str:
    estimate = figures.estimates.get(name)
    if estimate is None:
        return "-"
    digits = cell_digits(name)
    return f"{estimate.median:.{digits}f} [{estimate.low:.{digits}f}, {estimate.high:.{digits}f}]"


def cell_digits(figure: str) -> int:
    """Digits behind the point that a table shows of a figure."""
    return 1 if figure == "delta_e" else 3
