"""Brand references: read, check, prepare."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import add
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import ImageRejected, ReferencesError
from pipelines.images.colour import LabStatistics, lab_statistics
from pipelines.images.decode import DecodeLimits, decode_image
from pipelines.images.encode import flatten_on_white
from pipelines.images.geometry import resize_long_side
from pipelines.images.mask import product_mask
from pipelines.images.palette import Palette, palette_of
from pipelines.images.tonal_art import tonal_art

_SPLIT_FROM: Final = 8
_KEPT_ASIDE_EVERY: Final = 4
_NOTES: Final = {".txt", ".md", ".csv", ".json", ".yaml", ".yml"}


@dataclass(frozen=True)
class Reference:
    """One reference picture at training size: uint8 [H,W,3] and which pixels are painted, float32 [H,W] in 0..1."""

    name: str
    rgb: NDArray[np.uint8]
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class Brand:
    """A brand as training sees it; `statistics` are those of all painted pixels together."""

    name: str
    references: tuple[Reference, ...]
    statistics: LabStatistics

    @cached_property
    def palette(self) -> Palette:
        """The colours that its painted surfaces are in."""
        return palette_of([(reference.rgb, reference.weights) for reference in self.references])

    @cached_property
    def tonal_art(self) -> NDArray[np.float32]:
        """How the brand fills surfaces, float32 [3,S,S]; see `pipelines.images.tonal_art`."""
        return tonal_art([reference.rgb for reference in self.references])


def load_brand(name: str, folder: Path, long_side_px: int, *, least_px: int = 64) -> Brand:
    """Read every reference of a folder; notes (.txt, .md, .csv, .json, .yaml) and hidden files are passed over.

    References larger than `long_side_px` are shrunk to it, those smaller than `least_px` on their short side enlarged.

    Raises:
        ReferencesError: no folder, no pictures, or a file that cannot be read, with the file's name.
    """
    if not folder.is_dir():
        raise ReferencesError(f"brand {name}: expected a folder of reference pictures, found none at {folder}")
    files = sorted(
        p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".") and p.suffix.lower() not in _NOTES
    )
    if not files:
        raise ReferencesError(f"brand {name}: {folder} holds no pictures; put at least one reference there")
    references = tuple(_load(name, file, long_side_px, least_px) for file in files)
    brand = _brand(name, references)
    if brand.statistics.weight == 0:
        raise ReferencesError(f"brand {name}: the references in {folder} are blank; nothing to learn from")
    return brand


def kept_aside(brand: Brand) -> tuple[Reference, ...]:
    """References that evaluation measures against and training leaves out: every fourth by a hash of its name.

    A brand of fewer than 8 references needs them all for training: none are kept aside.
    """
    if len(brand.references) < _SPLIT_FROM:
        return ()
    shuffled = sorted(brand.references, key=lambda r: hashlib.sha256(r.name.encode()).digest())
    names = {reference.name for reference in shuffled[::_KEPT_ASIDE_EVERY]}
    return tuple(reference for reference in brand.references if reference.name in names)


def without_kept_aside(brand: Brand) -> Brand:
    """The brand as training may see it."""
    apart = {reference.name for reference in kept_aside(brand)}
    return _brand(brand.name, (r for r in brand.references if r.name not in apart)) if apart else brand


def load_brands(
    folder: Path, long_side_px: int, leave_out: tuple[str, ...] = (), *, least_px: int = 64
) -> tuple[Brand, ...]:
    """One brand per sub-folder, in the order of their names.

    Raises:
        ReferencesError: as `load_brand`; also when no brand is left.
    """
    if not folder.is_dir():
        raise ReferencesError(f"expected a folder with one folder per brand, found none at {folder}")
    found = sorted(p for p in folder.iterdir() if p.is_dir() and p.name not in leave_out)
    if not found:
        raise ReferencesError(f"{folder}: expected one folder per brand, found no folder")
    return tuple(load_brand(p.name, p, long_side_px, least_px=least_px) for p in found)


def _brand(name: str, references: Iterable[Reference]) -> Brand:
    seen = tuple(references)
    return Brand(name, seen, reduce(add, (lab_statistics(r.rgb, r.weights) for r in seen)))


def _load(brand: str, file: Path, long_side_px: int, least_px: int) -> Reference:
    try:
        decoded = decode_image(file.read_bytes(), DecodeLimits())
    except (ImageRejected, OSError) as error:
        raise ReferencesError(
            f"brand {brand}: reference {file} cannot be read ({error}); replace or remove it"
        ) from error
    rgb = decoded.rgb if decoded.alpha is None else flatten_on_white(decoded.rgb, decoded.alpha)
    rgb = resize_long_side(rgb, long_side_px, least_px)
    return Reference(file.name, rgb, product_mask(rgb, None).weights)
