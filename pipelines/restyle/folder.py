"""`restyle folder`: every picture of a folder tree into a brand's look, with no scheduler and no Beam."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path, PurePosixPath
from typing import Final

from pipelines.core import storage
from pipelines.core.errors import ImageRejected, InputError
from pipelines.core.looks import Look
from pipelines.core.settings import OutputSettings
from pipelines.images.colour import LabStatistics, lab_statistics
from pipelines.images.decode import DecodeLimits
from pipelines.images.encode import EncodeOptions, ImageFormat
from pipelines.restyle.batch import Restyler, restyle_batch
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
    models: Path | Sequence[Path],
    look: Look | str,
    source: Path,
    target: Path,
    *,
    views: bool = False,
    quality: int | None = None,
    limits: DecodeLimits | None = None,
    on_done: Callable[[int, int], None] | None = None,
) -> FolderResult:
    """Restyle a folder tree: same names, same sizes, same formats where the format is JPEG, PNG or WebP.

    Existing files in the target are replaced, each at once.

    Args:
        models: folders of model bundles; of several that know a brand the first is asked.
        look: what to make of the pictures; a brand's name alone is its full look.
        source: folder of pictures.
        target: folder for the results; made if it is not there.
        views: pictures of one sub-folder are views of one product, as in a folder that serves as a feed, and share one
            colour map; else each picture counts as a product of its own.
        quality: of JPEG and WebP, 1..100; that of `OutputSettings` when not given.
        limits: `DecodeLimits()` when not given.
        on_done: told (pictures done, pictures in all) after each.

    Raises:
        InputError: folders that overlap or are none.
        ModelBundleError: a damaged model bundle, or one that lacks what the look asks for.
    """
    look = Look.of_brand(look) if isinstance(look, str) else look
    check_folders(source, target)
    started = time.monotonic()
    scan = scan_folder(source, look.mask_names)
    run = _FolderRun(source, target, scan, look, quality or OutputSettings().quality, limits or DecodeLimits())
    if scan.pictures:
        restyler = _load([models] if isinstance(models, Path) else models, look)
        with ThreadPoolExecutor(default_threads()) as pool:
            if views:
                run.products = _merged(scan.pictures, list(pool.map(run.measure, scan.pictures)))
            outcomes = pool.map(lambda path: run.compute(path, restyler), scan.pictures)
            for done, (path, outcome) in enumerate(zip(scan.pictures, outcomes, strict=True), start=1):
                run.finish(path, outcome)
                if on_done:
                    on_done(done, len(scan.pictures))
    return FolderResult(
        tuple(run.written), tuple(run.renamed), tuple(run.failures), scan.others, time.monotonic() - started
    )


class _FolderRun:
    """State of one run: what is written, renamed and failed so far. Files are written in order, by one thread."""

    def __init__(
        self, source: Path, target: Path, scan: FolderScan, look: Look, quality: int, limits: DecodeLimits
    ) -> None:
        self._source, self._target, self._look = source, target, look
        self._taken = {folded(path) for path in scan.pictures}
        self._quality, self._limits = quality, limits
        self._budget = PixelBudget(MAX_PIXELS)
        self.products: dict[PurePosixPath, LabStatistics] = {}
        self.written: list[PurePosixPath] = []
        self.renamed: list[tuple[PurePosixPath, PurePosixPath]] = []
        self.failures: list[FolderFailure] = []

    def measure(self, path: PurePosixPath) -> LabStatistics:
        """Colours of one picture, of weight 0 where it cannot be read; called from several threads."""
        picture = read_picture(str(self._source / path), self._limits)
        if isinstance(picture, ImageRejected):
            return LabStatistics()
        return lab_statistics(picture.decoded.rgb, picture.mask.weights)

    def compute(self, path: PurePosixPath, restyler: Restyler) -> _Finished | ImageRejected:
        """Read and restyle one picture; called from several threads."""
        picture = read_picture(str(self._source / path), self._limits, mask_names=self._look.mask_names)
        if isinstance(picture, ImageRejected):
            return picture
        statistics = self.products.get(path) or lab_statistics(picture.decoded.rgb, picture.mask.weights)
        with self._budget.hold(picture.decoded.rgb.size // 3):
            (outcome,) = restyle_batch(restyler, [picture], [statistics], [self._look])
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


def _merged(paths: Sequence[PurePosixPath], statistics: Sequence[LabStatistics]) -> dict[PurePosixPath, LabStatistics]:
    """Colours of each picture's whole product: a top folder's pictures are one, each at the root is its own."""
    views: dict[str, list[LabStatistics]] = {}
    for path, found in zip(paths, statistics, strict=True):
        views.setdefault(_product(path), []).append(found)
    merged = {product: reduce(add, found) for product, found in views.items()}
    return {path: merged[_product(path)] for path in paths}


def _product(path: PurePosixPath) -> str:
    return f"{path.parts[0]}/" if len(path.parts) > 1 else path.name


def _load(models: Sequence[Path], look: Look) -> Restyler:
    from training.bundle import load_bundle
    from training.stylizer import Stylizer

    bundles = [load_bundle(model) for model in models]
    Stylizer.check(bundles, look)
    restyler: Restyler = Stylizer(*bundles)
    return restyler
