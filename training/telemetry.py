"""What a run tells while it trains, counted in images: metrics lines, event files, progress, curves, preview grids."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipelines.images.geometry import fit_within
from training.curves import curves_png
from training.event_file import EventFile
from training.files import write_bytes, write_json

ENCODER: Final = "encoder"
"""The `phase` of metrics lines before the game."""

_BAR_CELLS: Final = 24


class Telemetry:
    """Writes into the run folder, and a progress bar where somebody watches.

    Args:
        folder: `metrics.jsonl`, `tensorboard/`, `progress.json`, `curves.png` and `previews/` come to lie here.
        total: images of the whole run.
        begin: images that a resumed run has done; what the interrupted one told beyond is taken back. None for a
            fresh run, which leaves nothing of an older one.
        every_s: at most one progress file in this time.
        terminal: where the bar is drawn, if it is a terminal.
    """

    def __init__(
        self,
        folder: Path,
        total: int,
        *,
        begin: int | None = None,
        every_s: float = 2.0,
        terminal: TextIO | None = None,
    ) -> None:
        self.folder = folder
        self.total = total
        self.every_s = every_s
        self._written = 0.0
        self._terminal = terminal or sys.stderr
        self._bar = ""
        folder.mkdir(parents=True, exist_ok=True)
        self.game = [line for line in self._kept(begin) if line.get("phase") != ENCODER]
        self._events = EventFile(folder / "tensorboard", begin or 0)

    def _kept(self, begin: int | None) -> list[dict[str, Any]]:
        """Lines up to `begin`, after the rest was removed from the file."""
        file = self.folder / "metrics.jsonl"
        if not file.exists():
            return []
        lines = [line for line in map(_parsed, file.read_text().splitlines()) if line is not None]
        kept = []
        if begin is not None:
            kept = [line for line in lines if line.get("phase") == ENCODER or line["images"] <= begin]
        write_bytes(file, "".join(json.dumps(line) + "\n" for line in kept).encode())
        return kept

    def metrics(self, values: Mapping[str, Any]) -> None:
        """Append one line, and the same to the event file; "images" says where, "phase" names another phase."""
        line = {k: round(v, 6) if isinstance(v, float) else v for k, v in values.items()}
        with (self.folder / "metrics.jsonl").open("a") as lines:
            lines.write(json.dumps(line) + "\n")
        if values.get("phase") != ENCODER:
            self.game.append(line)
        prefix = f"{values.get('phase', 'game')}/"
        numbers = {prefix + k: float(v) for k, v in values.items() if isinstance(v, int | float) and k != "images"}
        self._events.scalars(int(values["images"]), numbers)

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
            self._draw(bar_line(done, self.total, rate, seconds_left))

    def say(self, line: str) -> None:
        """One plain line on standard output, above the bar."""
        bar = self._bar
        self._draw("")
        print(line, flush=True)  # noqa: T201
        self._draw(bar)

    def close(self) -> None:
        """Leave the bar's last state behind."""
        if self._bar:
            self._terminal.write("\n")
            self._bar = ""

    def _draw(self, bar: str) -> None:
        if self._terminal.isatty() and bar != self._bar:
            self._terminal.write(f"\r{bar}\x1b[K")
            self._terminal.flush()
            self._bar = bar

    def preview(self, images: int, epoch: int, grid: NDArray[np.uint8]) -> Path:
        """`previews/epoch-NNN.png`, and the same in the event file."""
        path = self.folder / "previews" / f"epoch-{epoch:03d}.png"
        png = png_bytes(grid)
        write_bytes(path, png)
        self._events.picture(images, "preview", png, *grid.shape[:2])
        return path

    def curves(self) -> None:
        """Draw `curves.png` from all lines of the game so far."""
        if self.game:
            write_bytes(self.folder / "curves.png", curves_png(self.game))


def bar_line(done: int, total: int, rate: float, seconds_left: float) -> str:
    """`[######----]  40%  640/1,600 images  15.2/s  1:03 left`."""
    share = min(1.0, done / max(total, 1))
    filled = round(share * _BAR_CELLS)
    bar = "#" * filled + "-" * (_BAR_CELLS - filled)
    minutes, seconds = divmod(max(0, round(seconds_left)), 60)
    hours, minutes = divmod(minutes, 60)
    left = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
    return f"[{bar}] {share:4.0%}  {done:,}/{total:,} images  {rate:.1f}/s  {left} left"


def _parsed(line: str) -> dict[str, Any] | None:
    """A metrics line; None for one that a kill has cut."""
    try:
        return dict(json.loads(line))
    except ValueError:
        return None


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
