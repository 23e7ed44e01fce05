"""`restyle folder`: every picture of a folder tree into a brand's look, with no scheduler and no Beam."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from pipelines.core import storage
from pipelines.core.errors import ImageRejected, InputError
from pipelines.core.settings import ColourPolicy, OutputSettings
from pipelines.images.colour import lab_statistics
from pipelines.images.decode import DecodeLimits
from pipelines.images.encode import EncodeOptions, ImageFormat
from pipelines.restyle.batch import Look, Restyler, restyle_batch
from pipelines.restyle.batching import MAX_PIXELS
from pipelines.restyle.folder_plan import FolderScan, check_folders, folded, free_png_name, inside, scan_folder
from pipelines.restyle.picture import encode_restyled
from pipelines.restyle.pixel_budget import PixelBudget
from pipelines.restyle.reading import read_picture
from pipelines.transforms.threads import default_threads

KEPT_FORMATS: Final[dict[str, ImageFormat]] = {"JPEG": "jpeg", "PNG": "png", "WEBP": "webp"}
"""Formats that a file keeps; every other one becomes PNG."""


@dataclass(frozen=True)
class FolderFailure:
    """One picture that was not restyled: its path in the source folder, a stable code, a plain sentence."""

    path: PurePosixPath
    reason: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message} ({self.reason})"


@dataclass(frozen=True)
class FolderResult:
    """What became of a folder; paths are relative to the source or target folder.

    Attributes:
        written: of the target, in the order they were done.
        renamed: (source, target) of the files that had to become PNG.
        failures: pictures without a result.
        passed_over: files that are no pictures by their endings.
        seconds: from loading the model to the last file.
    """

    written: tuple[PurePosixPath, ...]
    renamed: tuple[tuple[PurePosixPath, PurePosixPath], ...]
    failures: tuple[FolderFailure, ...]
    passed_over: tuple[PurePosixPath, ...]
    seconds: float


def restyle_folder(
    model: Path,
    brand: str,
    source: Path,
    target: Path,
    *,
    strength: float | None = None,
    background_strength: float = 0.0,
    colour: ColourPolicy | None = None,
    quality: int | None = None,
    limits: DecodeLimits | None = None,
    on_done: Callable[[int, int], None] | None = None,
) -> FolderResult:
    """Restyle a folder tree: same names, same sizes, same formats where the format is JPEG, PNG or WebP.

    Each picture counts as a product of its own. Existing files in the target are replaced, each at once.

    Args:
        model: folder of a model bundle.
        brand: one of the model's brands.
        source: folder of pictures.
        target: folder for the results; made if it is not there.
        strength: 0..1; 1 when not given.
        background_strength: 0..1; 0 keeps the background as it is.
        colour: colour policy; the model's own for the brand when not given.
        quality: of JPEG and WebP, 1..100; that of `OutputSettings` when not given.
        limits: `DecodeLimits()` when not given.
        on_done: told (pictures done, pictures in all) after each.

    Raises:
        InputError: folders that overlap or are none, or a strength out of range.
        ModelBundleError: a damaged model bundle, or a brand that it does not know.
    """
    look = Look(brand, _share("strength", 1.0 if strength is None else strength), background_strength, colour)
    _share("background_strength", background_strength)
    check_folders(source, target)
    started = time.monotonic()
    scan = scan_folder(source)
    run = _FolderRun(source, target, scan, quality or OutputSettings().quality, limits or DecodeLimits())
    if scan.pictures:
        restyler = _load(model, brand)
        with ThreadPoolExecutor(default_threads()) as pool:
            outcomes = pool.map(lambda path: run.compute(path, restyler, look), scan.pictures)
            for done, (path, outcome) in enumerate(zip(scan.pictures, outcomes, strict=True), start=1):
                run.finish(path, outcome)
                if on_done:
                    on_done(done, len(scan.pictures))
    return FolderResult(
        tuple(run.written), tuple(run.renamed), tuple(run.failures), scan.others, time.monotonic() - started
    )


class _FolderRun:
    """State of one run: what is written, renamed and failed so far. Files are written in order, by one thread."""

    def __init__(self, source: Path, target: Path, scan: FolderScan, quality: int, limits: DecodeLimits) -> None:
        self._source, self._target = source, target
        self._taken = {folded(path) for path in scan.pictures}
        self._quality, self._limits = quality, limits
        self._budget = PixelBudget(MAX_PIXELS)
        self.written: list[PurePosixPath] = []
        self.renamed: list[tuple[PurePosixPath, PurePosixPath]] = []
        self.failures: list[FolderFailure] = []

    def compute(self, path: PurePosixPath, restyler: Restyler, look: Look) -> _Finished | ImageRejected:
        """Read and restyle one picture; called from several threads."""
        picture = read_picture(str(self._source / path), self._limits)
        if isinstance(picture, ImageRejected):
            return picture
        statistics = lab_statistics(picture.decoded.rgb, picture.mask.weights)
        with self._budget.hold(picture.decoded.rgb.size // 3):
            (outcome,) = restyle_batch(restyler, [picture], [statistics], look)
        if isinstance(outcome, ImageRejected):
            return outcome
        kept = KEPT_FORMATS.get(picture.decoded.source_format)
        try:
            encoded = encode_restyled(outcome, picture.decoded, EncodeOptions(kept or "png", self._quality))
        except (OSError, ValueError, MemoryError) as error:
            return ImageRejected("write-failed", f"the restyled picture cannot be encoded: {error}")
        return _Finished(encoded.data, converted=kept is None)

    def finish(self, path: PurePosixPath, outcome: _Finished | ImageRejected) -> None:
        """Write one picture, or note why there is none."""
        if isinstance(outcome, ImageRejected):
            self._fail(path, outcome.reason, str(outcome))
            return
        name = free_png_name(path, self._taken) if outcome.converted else path
        try:
            storage.write_bytes(str(inside(self._target, name)), outcome.data)
        except (OSError, InputError) as error:
            self._fail(path, "write-failed", f"the restyled picture cannot be written: {error}")
            return
        self.written.append(name)
        if name != path:
            self.renamed.append((path, name))

    def _fail(self, path: PurePosixPath, reason: str, message: str) -> None:
        self.failures.append(FolderFailure(path, reason, message))


@dataclass(frozen=True)
class _Finished:
    data: bytes
    converted: bool


def _load(model: Path, brand: str) -> Restyler:
    from training.bundle import load_bundle
    from training.stylizer import Stylizer

    load_bundle(model).brand(brand)
    restyler: Restyler = Stylizer.load(model)
    return restyler


def _share(name: Literal["strength", "background_strength"], value: float) -> float:
    if not 0.0 <= value <= 1.0:
        raise InputError(f"{name}: expected 0..1, received {value}.")
    return value
