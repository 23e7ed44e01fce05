"""Rows of the plan to restyled objects: reads, restyles, judges, stores, and answers for every row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pipelines.core import storage
from pipelines.core.contracts import DeadLetter, PlanRow, ResultRow
from pipelines.core.errors import ImageRejected, InputError
from pipelines.core.looks import Look
from pipelines.core.paths import BrandPaths
from pipelines.core.settings import GateThresholds
from pipelines.images.colour import LabStatistics
from pipelines.images.decode import DecodeLimits
from pipelines.images.encode import EncodeOptions
from pipelines.images.fidelity import Judgement, compare_views, judge_bytes
from pipelines.restyle.batch import Restyler, Rgb, restyle_batch
from pipelines.restyle.batching import bounded_batches, by_product
from pipelines.restyle.ladder import Rung, climb_down
from pipelines.restyle.model_pin import ModelPin, load_pinned
from pipelines.restyle.picture import EncodedPicture, Picture, encode_restyled
from pipelines.restyle.reading import read_picture
from pipelines.transforms.threads import default_threads


@dataclass(frozen=True)
class RestyleTask:
    """All that a worker process must know; small, and pickled into the Beam graph.

    `strengths`: falling shares of the look's strength that a product is tried at until it meets the thresholds.
    """

    pin: ModelPin
    look: Look
    limits: DecodeLimits
    output: EncodeOptions
    objects: BrandPaths
    thresholds: GateThresholds
    strengths: tuple[float, ...] = (1.0,)
    others: tuple[ModelPin, ...] = ()

    def open(self) -> RestyleWorker:
        """Load the model. Once per process."""
        return RestyleWorker(load_pinned(self.pin, *self.others), self)


@dataclass(frozen=True)
class Drawn:
    """A row's picture at one strength, encoded but not stored, and what the fidelity gate will say of it."""

    row: PlanRow
    encoded: EncodedPicture
    size_px: tuple[int, int]
    strength: float
    judgement: Judgement


class RestyleWorker:
    """Computes batches of plan rows, whole products each, with one loaded model.

    A batch is shared out to a few threads; the bytes do not depend on that, since those of a product's pictures do not
    depend on other products.

    Args:
        restyler: the model; called from several threads.
        task: look, limits, gate, output format and where objects go.
        threads: pictures in work at a time; `default_threads()` when not given.
    """

    def __init__(self, restyler: Restyler, task: RestyleTask, threads: int | None = None) -> None:
        self._restyler = restyler
        self._task = task
        self._threads = threads or default_threads()

    def __call__(self, rows: Sequence[PlanRow]) -> list[ResultRow | DeadLetter]:
        """One outcome per row, in order: the stored object, or why there is none."""
        with ThreadPoolExecutor(self._threads) as pool:
            products = by_product(range(len(rows)), lambda index: rows[index].product_id)

            def attempt(tried: Sequence[Sequence[int]], strength: float) -> list[Rung[Drawn | DeadLetter]]:
                drawn = self._draw([rows[index] for product in tried for index in product], strength, pool)
                return [self._judged([next(drawn) for _ in product]) for product in tried]

            kept = climb_down(products, self._task.strengths, attempt)
            outcomes = dict(
                zip(
                    (index for product in products for index in product),
                    pool.map(self._finish, (outcome for product in kept for outcome in product)),
                    strict=True,
                )
            )
        return [outcomes[index] for index in range(len(rows))]

    def _draw(self, rows: Sequence[PlanRow], strength: float, pool: ThreadPoolExecutor) -> Iterator[Drawn | DeadLetter]:
        """One outcome per row, in order; no more pictures in memory at a time than a batch may hold."""
        for batch in bounded_batches(([row] for row in rows), lambda row: row.height_px * row.width_px):
            size = max(1, -(-len(batch) // self._threads))
            shares = [batch[start : start + size] for start in range(0, len(batch), size)]
            for outcomes in pool.map(lambda share: self._share(share, strength), shares):
                yield from outcomes

    def _share(self, rows: Sequence[PlanRow], strength: float) -> list[Drawn | DeadLetter]:
        task, masks = self._task, self._task.look.mask_names
        opened = [read_picture(row.image_uri, task.limits, row.source_sha256, masks) for row in rows]
        ready = [(row, picture) for row, picture in zip(rows, opened, strict=True) if isinstance(picture, Picture)]
        restyled = iter(
            restyle_batch(
                self._restyler,
                [picture for _, picture in ready],
                [_statistics(row) for row, _ in ready],
                [task.look.for_category(row.category).weaker(strength) for row, _ in ready],
            )
        )
        return [
            dead_letter(row, picture)
            if isinstance(picture, ImageRejected)
            else self._encode(row, picture, next(restyled), strength)
            for row, picture in zip(rows, opened, strict=True)
        ]

    def _encode(
        self, row: PlanRow, picture: Picture, restyled: Rgb | ImageRejected, strength: float
    ) -> Drawn | DeadLetter:
        if isinstance(restyled, ImageRejected):
            return dead_letter(row, restyled)
        task = self._task
        try:
            encoded = encode_restyled(restyled, picture.decoded, task.output)
        except Exception as error:  # encoders raise errors of their own
            return _not_written(row, error)
        found = judge_bytes(picture.decoded, picture.mask.weights, encoded.data, task.limits, task.thresholds)
        return Drawn(row, encoded, picture.size_px, strength, found)

    def _judged(self, views: Sequence[Drawn | DeadLetter]) -> Rung[Drawn | DeadLetter]:
        """The views of one product at one strength, compared with each other as the verify job will."""
        drawn = [view for view in views if isinstance(view, Drawn)]
        judgements = compare_views([view.judgement for view in drawn], self._task.thresholds)
        passed = sum(judgement.passed for judgement in judgements)
        return Rung(views, passed, len(drawn) - passed)

    def _finish(self, outcome: Drawn | DeadLetter) -> ResultRow | DeadLetter:
        if isinstance(outcome, DeadLetter):
            return outcome
        try:
            return self._store(outcome)
        except InputError:
            raise
        except Exception as error:  # storage clients raise errors of their own
            return _not_written(outcome.row, error)

    def _store(self, drawn: Drawn) -> ResultRow:
        row, data = drawn.row, drawn.encoded.data
        sha256 = hashlib.sha256(data).hexdigest()
        uri = self._task.objects.object(sha256, drawn.encoded.suffix)
        storage.create_object(uri, data)
        height, width = drawn.size_px
        return ResultRow(
            image_id=row.image_id,
            work_key=row.work_key,
            source_sha256=row.source_sha256,
            image_uri=row.image_uri,
            object_uri=uri,
            object_sha256=sha256,
            object_bytes=len(data),
            width_px=width,
            height_px=height,
            product_id=row.product_id,
            strength=drawn.strength,
        )


def dead_letter(row: PlanRow, rejected: ImageRejected) -> DeadLetter:
    """The dead letter of a row of the plan."""
    return DeadLetter(row.product_id, row.image_id, row.image_uri, "restyle", rejected.reason, str(rejected))


def _not_written(row: PlanRow, error: Exception) -> DeadLetter:
    message = f"the restyled picture cannot be stored: {type(error).__name__}: {error}"
    return dead_letter(row, ImageRejected("write-failed", message))


def _statistics(row: PlanRow) -> LabStatistics:
    return LabStatistics.from_json(json.loads(row.product_statistics_json))
