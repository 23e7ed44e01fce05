"""What a run tells while it trains: metrics lines, progress, curves, preview grids."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipelines.images.geometry import fit_within
from training.files import write_bytes, write_json


class Telemetry:
    """Writes into the run folder.

    Args:
        folder: `metrics.jsonl`, `progress.json`, `curves.png` and `previews/` come to lie here.
        total: images of the whole run.
        every_s: at most one progress file in this time.
    """

    def __init__(self, folder: Path, total: int, *, every_s: float = 2.0) -> None:
        self.folder = folder
        self.total = total
        self.every_s = every_s
        self._written = 0.0
        folder.mkdir(parents=True, exist_ok=True)

    def metrics(self, values: Mapping[str, Any]) -> None:
        """Append one line."""
        with (self.folder / "metrics.jsonl").open("a") as lines:
            lines.write(json.dumps({k: round(v, 6) if isinstance(v, float) else v for k, v in values.items()}) + "\n")

    def progress(self, done: int, rate: float, seconds_left: float, *, force: bool = False) -> None:
        """Counts in images, images a second, and an estimate in seconds."""
        now = time.monotonic()
        if force or now - self._written >= self.every_s:
            self._written = now
            state = {
                "stage": "train",
                "done": done,
                "total": self.total,
                "rate": round(rate, 3),
                "seconds_left": round(seconds_left, 1),
            }
            write_json(self.folder / "progress.json", state)

    def preview(self, epoch: int, grid: NDArray[np.uint8]) -> Path:
        """`previews/epoch-NNN.png`."""
        path = self.folder / "previews" / f"epoch-{epoch:03d}.png"
        write_bytes(path, png_bytes(grid))
        return path

    def curves(self) -> None:
        """Draw `curves.png` from all metrics lines so far."""
        file = self.folder / "metrics.jsonl"
        lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        game = [line for line in lines if line.get("phase") != "encoder"]
        if game:
            write_bytes(self.folder / "curves.png", curves_png(game))


def png_bytes(picture: NDArray[np.uint8]) -> bytes:
    """uint8 [H,W,3] as PNG."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return out.getvalue()


def labelled_grid(
    rows: Sequence[Sequence[NDArray[np.uint8]]], titles: Sequence[str], cell_px: int
) -> NDArray[np.uint8]:
    """Pictures in rows and columns on light grey, column titles above."""
    head = 18
    width, height = len(titles) * (cell_px + 4), head + len(rows) * (cell_px + 4)
    sheet = Image.new("RGB", (width, height), (225, 225, 225))
    pen = ImageDraw.Draw(sheet)
    for column, title in enumerate(titles):
        pen.text((column * (cell_px + 4) + 4, 3), title, fill=(20, 20, 20))
        for row, pictures in enumerate(rows):
            picture = Image.fromarray(fit_within(pictures[column], cell_px))
            corner = (
                column * (cell_px + 4) + (cell_px - picture.width) // 2,
                head + row * (cell_px + 4) + (cell_px - picture.height) // 2,
            )
            sheet.paste(picture, corner)
    return np.asarray(sheet)


def curves_png(lines: Sequence[Mapping[str, Any]]) -> bytes:
    """One small plot for each number of the metrics lines, against images."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = [name for name in lines[-1] if name not in ("images", "epoch", "step", "seconds")]
    columns = 4
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(3.2 * columns, 2.1 * rows), dpi=90, layout="constrained")
    FigureCanvasAgg(figure)
    for index, name in enumerate(names):
        plot = figure.add_subplot(rows, columns, index + 1)
        points = [(line["images"], line[name]) for line in lines if name in line]
        plot.plot([p[0] for p in points], [p[1] for p in points], linewidth=1)
        plot.set_title(name, fontsize=9)
        plot.tick_params(labelsize=7)
        plot.grid(alpha=0.3)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()
