"""Before/after sheets: one picture that shows a brand's look on many products, for approvals and the README."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipelines.core.contracts import ReleaseRow
from pipelines.core.errors import ImageRejected
from pipelines.core.settings import ImageLimits
from pipelines.images.geometry import fit_within
from pipelines.monitor.pictures import load_rgb

_PAPER: Final = (250, 249, 247)
_INK: Final = (70, 68, 64)
_MARGIN_PX: Final = 20
_CAPTION_PX: Final = 26


@dataclass(frozen=True)
class SheetPair:
    """One product: before and after, uint8 [H, W, 3], sizes as they like."""

    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    caption: str = ""


def contact_sheet(pairs: Sequence[SheetPair], *, columns: int = 3, picture_px: int = 240) -> Image.Image:
    """Pairs side by side on light paper, each picture centred in a white square of `picture_px`; RGB, deterministic.

    Raises ValueError when there is no pair, or columns or picture_px are not positive.
    """
    if not pairs:
        raise ValueError("pairs: expected at least one, received none")
    if columns < 1 or picture_px < 1:
        raise ValueError(f"columns, picture_px: expected at least 1, received {columns}, {picture_px}")
    columns = min(columns, len(pairs))
    captions = _CAPTION_PX if any(pair.caption for pair in pairs) else 0
    cell_width, cell_height = 2 * picture_px + 2, picture_px + captions
    rows = -(-len(pairs) // columns)
    width = columns * (cell_width + _MARGIN_PX) + _MARGIN_PX
    height = rows * (cell_height + _MARGIN_PX) + _MARGIN_PX
    sheet = Image.new("RGB", (width, height), _PAPER)
    for index, pair in enumerate(pairs):
        row, column = divmod(index, columns)
        left = _MARGIN_PX + column * (cell_width + _MARGIN_PX)
        top = _MARGIN_PX + row * (cell_height + _MARGIN_PX)
        sheet.paste(_square(pair.before, picture_px), (left, top))
        sheet.paste(_square(pair.after, picture_px), (left + picture_px + 2, top))
        _write(sheet, pair.caption, (left, top + picture_px + 6), cell_width)
    return sheet


def restyled_pairs(rows: Iterable[ReleaseRow], limits: ImageLimits, px: int = 480) -> list[SheetPair]:
    """Pairs of a release's restyled rows, shrunk to `px`; rows whose pictures cannot be read are left out."""
    pairs = []
    for row in rows:
        if row.outcome == "kept_original":
            continue
        try:
            before = fit_within(load_rgb(row.image_uri, limits, row.source_sha256), px)
            after = fit_within(load_rgb(row.object_uri, limits), px)
        except ImageRejected:
            continue
        pairs.append(SheetPair(before, after, row.title or row.image_id))
    return pairs


def _square(rgb: NDArray[np.uint8], px: int) -> Image.Image:
    small = fit_within(rgb, px)
    square = Image.new("RGB", (px, px), (255, 255, 255))
    square.paste(Image.fromarray(small), ((px - small.shape[1]) // 2, (px - small.shape[0]) // 2))
    return square


def _write(sheet: Image.Image, caption: str, at: tuple[int, int], width: int) -> None:
    """One line, cut where the pair ends."""
    text = re.sub(r"\s+", " ", caption[:200]).strip()
    font = ImageFont.load_default(size=13)
    while text and font.getlength(text) > width:
        text = f"{text.rstrip('.')[:-1].rstrip()}..." if len(text) > 4 else ""
    ImageDraw.Draw(sheet).text(at, text, fill=_INK, font=font)
