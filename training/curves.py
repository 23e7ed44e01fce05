"""A run's numbers as one picture."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_COLUMNS: Final = 4
_INK: Final = "#1f3a5f"
_SECOND: Final = "#c8553d"
_BESIDE: Final = ("images", "epoch", "seconds", "real_accuracy", "fake_accuracy", "generator", "discriminator")
_LAST: Final = ("learning_rate", "images_per_s")
_LOG_FROM: Final = 30.0
"""A range of values this wide is drawn on a logarithmic axis."""


def curves_png(lines: Sequence[Mapping[str, Any]]) -> bytes:
    """The game, its accuracies, every loss term, learning rate and speed, against images.

    The thin line is what was measured, the thick one its running mean.

    Args:
        lines: metrics of the game in order.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = [name for name in lines[-1] if name not in (*_BESIDE, *_LAST)]
    plots: list[tuple[str, tuple[tuple[str, str], ...]]] = [
        ("sum of the generator's losses", (("generator", _INK),)),
        ("discriminator's loss", (("discriminator", _SECOND),)),
        ("discriminator right on", (("real_accuracy", _SECOND), ("fake_accuracy", _INK))),
        *((name.replace("_", " "), ((name, _INK),)) for name in names),
        *((name.replace("_", " ").replace("per s", "a second"), ((name, "#666666"),)) for name in _LAST),
    ]
    rows = -(-len(plots) // _COLUMNS)
    figure = Figure(figsize=(3.3 * _COLUMNS, 2.2 * rows), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(f"{lines[-1]['images']:,} images", fontsize=11, x=0.01, ha="left")
    for index, (title, series) in enumerate(plots):
        plot = figure.add_subplot(rows, _COLUMNS, index + 1)
        plot.set_title(title, fontsize=9, loc="left")
        _draw(plot, lines, series)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def _draw(plot: Any, lines: Sequence[Mapping[str, Any]], series: tuple[tuple[str, str], ...]) -> None:
    lowest, highest = np.inf, 0.0
    for name, colour in series:
        points = [(line["images"], line[name]) for line in lines if name in line]
        images, values = (np.array(column, np.float64) for column in zip(*points, strict=True))
        plot.plot(images, values, color=colour, linewidth=0.8, alpha=0.35)
        plot.plot(images, running_mean(values), color=colour, linewidth=1.6, label=name.split("_")[0])
        lowest, highest = min(lowest, float(values.min())), max(highest, float(values.max()))
    if len(series) > 1:
        plot.set_ylim(-0.03, 1.03)
        plot.axhline(0.5, color="#999999", linewidth=0.7, linestyle=":")
        plot.legend(fontsize=7, frameon=False, labels=["references", "restyled"], handles=plot.lines[1:4:2])
    elif lowest > 0 and highest / lowest > _LOG_FROM:
        plot.set_yscale("log")
    elif lowest >= 0:
        plot.set_ylim(bottom=0)
    plot.tick_params(labelsize=7, length=2, colors="#555555")
    plot.xaxis.set_major_locator(_locator())
    plot.xaxis.set_major_formatter(lambda count, _: f"{count / 1000:g}k" if count >= 1000 else f"{count:g}")
    plot.grid(alpha=0.25, linewidth=0.6)
    for side in ("top", "right"):
        plot.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        plot.spines[side].set_color("#bbbbbb")


def _locator() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=5, integer=True)


def running_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of each value and its neighbours, a fortieth of the series to either side where there are as many."""
    side = len(values) // 40
    ends = np.minimum(side, np.minimum(np.arange(len(values)), np.arange(len(values))[::-1]))
    sums = np.concatenate([[0.0], np.cumsum(values)])
    middle = np.arange(len(values))
    return np.asarray((sums[middle + ends + 1] - sums[middle - ends]) / (2 * ends + 1), np.float64)
