"""Printed labels: drawn with Pillow's own font, then laid over the surface."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipelines.sample_shop.arrays import Floats, floats, to_linear
from pipelines.sample_shop.materials import Rgb
from pipelines.sample_shop.noise import bilinear

_PX_PER_UNIT = 420


@dataclass(frozen=True)
class Label:
    """A label on one part of a product.

    Attributes:
        title, line: large and small text.
        centre: (across, up) in object units; across runs along the surface.
        size: width and height in object units.
        style: "framed" (apothecary), "bold" (big title on a colour), "bare" (print without ground), "band".
        part: which part of the product carries it.
        mapping: "round" follows the body, "flat" lies on the front.
        radius: of the body, for "round".
    """

    title: str
    line: str
    centre: tuple[float, float]
    size: tuple[float, float]
    style: Literal["framed", "bold", "bare", "band"] = "framed"
    ground: Rgb = (246, 241, 230)
    ink: Rgb = (44, 40, 38)
    accent: Rgb = (180, 96, 60)
    part: str = "body"
    mapping: Literal["round", "flat"] = "round"
    radius: float = 1.0


def printed(label: Label, local: Floats, albedo: Floats) -> tuple[Floats, Floats]:
    """Lays `label` over `albedo` [K, 3]. Returns the new albedo and the label's coverage [K]."""
    image = _drawn(label)
    x, y, z = local[:, 0], local[:, 1], local[:, 2]
    across = np.arctan2(x, z) * label.radius if label.mapping == "round" else x
    height, width = image.shape[:2]
    px = ((across - label.centre[0]) / label.size[0] + 0.5) * width - 0.5
    py = (0.5 - (y - label.centre[1]) / label.size[1]) * height - 0.5
    hit = (px > 0) & (py > 0) & (px < width - 1) & (py < height - 1) & (z > 0)
    cover = np.zeros(len(local), np.float32)
    found = bilinear(image, px[hit], py[hit])
    cover[hit] = found[:, 3]
    out = albedo.copy()
    out[hit] += (found[:, :3] - out[hit]) * found[:, 3:]
    return out, cover


@cache
def _drawn(label: Label) -> Floats:
    """The label as linear RGBA [H, W, 4], drawn at twice the size and reduced."""
    width, height = (max(24, round(s * _PX_PER_UNIT)) for s in label.size)
    page = Image.new("RGB", (2 * width, 2 * height), label.ground)
    cover = Image.new("L", page.size, 0 if label.style == "bare" else 255)
    _DESIGNS[label.style](label, ImageDraw.Draw(page), ImageDraw.Draw(cover), 2 * width, 2 * height)
    if label.style == "bare":
        page = Image.new("RGB", page.size, label.ink)
    rgb = np.asarray(page.resize((width, height), Image.Resampling.BOX))
    alpha = floats(np.asarray(cover.resize((width, height), Image.Resampling.BOX))) / 255.0
    return floats(np.dstack([to_linear(rgb), alpha]))


def _text(draw: ImageDraw.ImageDraw, text: str, box: tuple[float, float, float, float], fill: Rgb | int) -> None:
    """Sets `text` as large as fits into `box` (left, top, right, bottom), centred."""
    probe = ImageFont.load_default(100)
    left, top, right, bottom = probe.getbbox(text)
    size = 100 * min((box[2] - box[0]) / max(right - left, 1), (box[3] - box[1]) / max(bottom - top, 1))
    font = ImageFont.load_default(max(6.0, size))
    draw.text(((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), text, fill=fill, font=font, anchor="mm")


def _framed(label: Label, page: ImageDraw.ImageDraw, cover: ImageDraw.ImageDraw, w: int, h: int) -> None:
    m = 0.05 * min(w, h)
    page.rectangle([m, m, w - m, h - m], outline=label.ink, width=max(2, round(m * 0.35)))
    page.rectangle([2 * m, 2 * m, w - 2 * m, h - 2 * m], outline=label.accent, width=max(1, round(m * 0.2)))
    _text(page, label.title.upper(), (0.16 * w, 0.34 * h, 0.84 * w, 0.52 * h), label.ink)
    page.line([0.3 * w, 0.60 * h, 0.7 * w, 0.60 * h], fill=label.accent, width=max(2, round(m * 0.4)))
    _text(page, label.line, (0.2 * w, 0.66 * h, 0.8 * w, 0.74 * h), label.ink)
    r, cx, cy = 0.075 * h, 0.5 * w, 0.21 * h
    page.ellipse([cx - r, cy - r, cx + r, cy + r], outline=label.accent, width=max(2, round(m * 0.3)))
    for side in (-1, 0, 1):
        page.line(
            [cx, cy + 0.7 * r, cx + side * 0.45 * r, cy - 0.6 * r], fill=label.accent, width=max(2, round(m * 0.3))
        )


def _bold(label: Label, page: ImageDraw.ImageDraw, cover: ImageDraw.ImageDraw, w: int, h: int) -> None:
    page.rectangle([0, 0, w, 0.62 * h], fill=label.accent)
    _text(page, label.title, (0.1 * w, 0.2 * h, 0.9 * w, 0.46 * h), label.ground)
    _text(page, label.line, (0.12 * w, 0.74 * h, 0.88 * w, 0.84 * h), label.ink)


def _bare(label: Label, page: ImageDraw.ImageDraw, cover: ImageDraw.ImageDraw, w: int, h: int) -> None:
    _text(cover, label.title, (0.04 * w, 0.08 * h, 0.96 * w, 0.62 * h), 255)
    cover.line([0.36 * w, 0.72 * h, 0.64 * w, 0.72 * h], fill=255, width=max(2, h // 50))
    _text(cover, label.line, (0.16 * w, 0.80 * h, 0.84 * w, 0.94 * h), 255)


def _band(label: Label, page: ImageDraw.ImageDraw, cover: ImageDraw.ImageDraw, w: int, h: int) -> None:
    page.rectangle([0, 0, w, 0.1 * h], fill=label.accent)
    page.rectangle([0, 0.9 * h, w, h], fill=label.accent)
    _text(page, label.title, (0.1 * w, 0.24 * h, 0.9 * w, 0.58 * h), label.ink)
    _text(page, label.line, (0.14 * w, 0.67 * h, 0.86 * w, 0.79 * h), label.ink)


_DESIGNS = {"framed": _framed, "bold": _bold, "bare": _bare, "band": _band}
