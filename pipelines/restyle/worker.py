"""Rows of the plan to restyled objects: reads, restyles, stores, and answers for every row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pipelines.core import storage
from pipelines.core.contracts import DeadLetter, PlanRow, ResultRow
from pipelines.core.errors import ImageRejected, InputError
from pipelines.core.looks import Look
from pipelines.core.paths import BrandPaths
from pipelines.images.colour import LabStatistics
from pipelines.images.decode import DecodeLimits
from pipelines.images.encode import EncodeOptions
from pipelines.restyle.batch import Restyler, Rgb, restyle_batch
from pipelines.restyle.model_pin import ModelPin, load_pinned
from pipelines.restyle.picture import EncodedPicture, Picture, encode_restyled
from pipelines.restyle.reading import read_picture
from pipelines.transforms.threads import default_threads


@dataclass(frozen=True)
class RestyleTask:
    """All that a worker process must know; small, and pickled into the Beam graph."""

    pin: ModelPin
    look: Look
    limits: DecodeLimits
    output: EncodeOptions
    objects: BrandPaths
    others: tuple[ModelPin, ...] = ()

    def open(self) -> RestyleWorker:
        """Load the model. Once per process."""
        return RestyleWorker(load_pinned(self.pin, *self.others), self)


class RestyleWorker:
    """Computes batches of plan rows with one loaded model.

    A batch is shared out to a few threads; the bytes do not depend on that, since those of a picture do not depend on
    its batch.

    Args:
        restyler: the model; called from several threads.
        task: look, limits, output format and where objects go.
        threads: pictures in work at a time; `default_threads()` when not given.
    """

    def __init__(self, restyler: Restyler, task: RestyleTask, threads: int | None = None) -> None:
        self._restyler = restyler
        self._task = task
        self._threads = threads or default_threads()

    def __call__(self, rows: Sequence[PlanRow]) -> list[ResultRow | DeadLetter]:
        """One outcome per row, in order: the stored object, or why there is none."""
        size = max(1, -(-len(rows) // self._threads))
        shares = [rows[start : start + size] for start in range(0, len(rows), size)]
        with ThreadPoolExecutor(self._threads) as pool:
            return [outcome for outcomes in pool.map(self._share, shares) for outcome in outcomes]

    def _share(self, rows: Sequence[PlanRow]) -> list[ResultRow | DeadLetter]:
        task, masks = self._task, self._task.look.mask_names
        opened = [read_picture(row.image_uri, task.limits, row.source_sha256, masks) for row in rows]
        ready = [(row, picture) for row, picture in zip(rows, opened, strict=True) if isinstance(picture, Picture)]
        restyled = iter(
            restyle_batch(
                self._restyler,
                [picture for _, picture in ready],
                [_statistics(row) for row, _ in ready],
                [task.look.for_category(row.category) for row, _ in ready],
            )
        )
        return [
            dead_letter(row, picture)
            if isinstance(picture, ImageRejected)
            else self._finish(row, picture, next(restyled))
            for row, picture in zip(rows, opened, strict=True)
        ]

    def _finish(self, row: PlanRow, picture: Picture, restyled: Rgb | ImageRejected) -> ResultRow | DeadLetter:
        if isinstance(restyled, ImageRejected):
            return dead_letter(row, restyled)
        try:
            return self._store(row, picture, encode_restyled(restyled, picture.decoded, self._task.output))
        except InputError:
            raise
        except Exception as error:  # storage clients and encoders raise errors of their own
            message = f"the restyled picture cannot be stored: {type(error).__name__}: {error}"
            return dead_letter(row, ImageRejected("write-failed", message))

    def _store(self, row: PlanRow, picture: Picture, encoded: EncodedPicture) -> ResultRow:
        sha256 = hashlib.sha256(encoded.data).hexdigest()
        uri = self._task.objects.object(sha256, encoded.suffix)
        storage.create_object(uri, encoded.data)
        height, width = picture.size_px
        return ResultRow(
            image_id=row.image_id,
            work_key=row.work_key,
            source_sha256=row.source_sha256,
            image_uri=row.image_uri,
            object_uri=uri,
            object_sha256=sha256,
            object_bytes=len(encoded.data),
            width_px=width,
            height_px=height,
            product_id=row.product_id,
        )


def dead_letter(row: PlanRow, rejected: ImageRejected) -> DeadLetter:
    """The dead letter of a row of the plan."""
    return DeadLetter(row.product_id, row.image_id, row.image_uri, "restyle", rejected.reason, str(rejected))


def _statistics(row: PlanRow) -> LabStatistics:
    return LabStatistics.from_json(json.loads(row.product_statistics_json))
