"""The image that explains one look."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from training.explain import Explanation

_COLUMNS: Final = 12
_LEAST_SCALE: Final = 2.0


def explanation_png(explained: Explanation, title: str) -> bytes:
    """Original, result, both difference maps on one scale; below them losses and the nearest references; PNG bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(16, 9.6), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=12)
    grid = figure.add_gridspec(2, _COLUMNS, height_ratios=(5, 4))
    top = [figure.add_subplot(grid[0, 3 * i : 3 * i + 3]) for i in range(4)]
    _picture(top[0], explained.photo, "original")
    _picture(top[1], explained.look, "result")
    colour, hand = explained.colour_change, explained.hand_change
    # One scale for both maps, so that they can be compared; a picture without change is not blown up to noise.
    highest = max(_LEAST_SCALE, float(np.quantile(np.stack([colour, hand]), 0.995)))
    for plot, values, name in ((top[2], colour, "what the colours brought"), (top[3], hand, "what the hand brought")):
        shown = plot.imshow(values, cmap="inferno", vmin=0, vmax=highest)
        plot.set_title(f"{name}: {np.average(values, weights=explained.weights):.1f} on the product", fontsize=10)
        plot.set_axis_off()
    figure.colorbar(shown, ax=top[2:], label="difference, CIEDE2000", shrink=0.7)
    _content_bars(figure.add_subplot(grid[1, 0:2]), explained)
    _style_bars(figure.add_subplot(grid[1, 2:6]), explained)
    for index, (name, rgb, distance) in enumerate(explained.nearest):
        plot = figure.add_subplot(grid[1, 6 + 2 * index : 8 + 2 * index])
        _picture(plot, rgb, f"reference {index + 1}: {name}\n{explained.measure} {distance:.3f}")
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def _picture(plot: Any, rgb: Any, title: str) -> None:
    plot.imshow(rgb)
    plot.set_title(title, fontsize=9)
    plot.set_axis_off()


def _content_bars(plot: Any, explained: Explanation) -> None:
    content = explained.losses.content
    plot.bar(list(content), list(content.values()), color="tab:gray", width=0.5)
    plot.set_title("content loss by layer\n(0: same product)", fontsize=9)
    plot.tick_params(labelsize=8)


def _style_bars(plot: Any, explained: Explanation) -> None:
    style = explained.losses.style
    layers = list(next(iter(style.values())))
    width = 0.8 / len(style)
    for index, (of, values) in enumerate(style.items()):
        places = [place + (index - (len(style) - 1) / 2) * width for place in range(len(layers))]
        plot.bar(places, [values[layer] for layer in layers], width=width, label=of)
    plot.set_xticks(range(len(layers)), layers)
    plot.set_title("style loss by layer (0: as the references are)", fontsize=9)
    plot.tick_params(labelsize=8)
    plot.legend(fontsize=8)
