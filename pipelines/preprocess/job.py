"""The preprocess job around its Beam graph: what to do, whether it is done already, whether all is accounted for."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from pipelines.core import storage
from pipelines.core.contracts import DeadLetter, ImageFacts, SnapshotRow
from pipelines.core.errors import MissingArtifact, RestyleError
from pipelines.core.paths import NightPaths, checked_date, night_progress
from pipelines.core.progress import ProgressLog
from pipelines.core.settings import Shop, load_shop
from pipelines.core.tables import artifact_info, read_json_lines, read_rows
from pipelines.core.uris import join
from pipelines.images.decode import DecodeLimits
from pipelines.preprocess.dataset_files import DATASET_INFO, FEATURES_INFO, shard_name
from pipelines.preprocess.prepare import NOT_FOR_TRAINING, PrepareTask
from pipelines.preprocess.splits import SPLIT_BOUNDS, Shard, assign_shards
from pipelines.transforms.job_options import NightJobOptions, beam_options

PREPROCESS_VERSION: Final = 1
"""Raise it when a change of code alters facts or examples: finished datasets are then written anew."""
SUMMARY: Final = "summary.json"
"""Beside the dataset, written last: the counts of the finished job and the hash of its inputs."""
SOURCE_REASONS: Final = frozenset({"missing-file", "unreadable-uri", "changed-since-snapshot"})
SYSTEMIC_IMAGES: Final = 8
"""So many images of which not one can be read are a lost folder or credential, not broken images."""


def preprocess(options: NightJobOptions) -> dict[str, Any]:
    """Prepare the date's snapshot and return the summary.

    Raises:
        RestyleError: any of its kinds; the night's dataset is then not to be used.
    """
    started = time.monotonic()
    shop = load_shop(options.settings)
    night = NightPaths(shop.settings.output_uri, checked_date(options.date))
    settings_flags = shop.settings.jobs.beam_options
    flags = (*settings_flags, *(flag for flag in options.beam_flags if flag not in settings_flags))
    beam = beam_options(flags) if flags else None
    rows = read_rows(night.snapshot, SnapshotRow)
    task = _task(shop)
    per_shard = shop.settings.dataset.images_per_shard
    shards = [shard for shard, _ in assign_shards(rows, per_shard)]
    inputs = inputs_sha256(night, task, per_shard)
    finished = finished_summary(night, inputs, shards)
    if options.dry_run:
        return {"dry_run": True, **_outline(rows, shards), "already_complete": finished is not None}
    if finished is not None:
        return {**finished, "already_complete": True, "message": "the same inputs are prepared already"}
    progress = ProgressLog(night_progress(night.root, night.date, "preprocess"))
    progress.begin("preprocess", len(rows))

    from pipelines.preprocess.pipeline import run_pipeline

    result = run_pipeline(night, task, per_shard, _edition(inputs), progress, beam or beam_options(()))
    facts = read_rows(night.facts, ImageFacts)
    dead_letters = read_json_lines(night.preprocess_dead_letters, DeadLetter)
    check_accounts(rows, facts, dead_letters)
    summary = _summary(rows, facts, dead_letters) | {
        "stage": "preprocess",
        "date": night.date,
        "run_id": options.run_id,
        "dataset": night.dataset,
        "splits": _split_lengths(night),
        "shards": len(shards),
        "beam_counters": _counters(result),
        "inputs_sha256": inputs,
        "seconds": round(time.monotonic() - started, 2),
    }
    check_examples(summary)
    storage.write_bytes(join(night.dataset, SUMMARY), f"{json.dumps(summary, indent=1)}\n".encode())
    return {**summary, "already_complete": False}


def inputs_sha256(night: NightPaths, task: PrepareTask, images_per_shard: int) -> str:
    """sha256 of everything that decides the job's output.

    Raises:
        MissingArtifact: there is no finished snapshot.
    """
    snapshot = artifact_info(night.snapshot)
    if snapshot is None:
        raise MissingArtifact(f"{night.snapshot}: expected a finished snapshot here, found none; run ingest first.")
    parts = {
        "snapshot": snapshot.sha256,
        "task": asdict(task),
        "images_per_shard": images_per_shard,
        "version": PREPROCESS_VERSION,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def finished_summary(night: NightPaths, inputs: str, shards: Sequence[Shard]) -> dict[str, Any] | None:
    """Summary of an earlier run with the same inputs, if all of its files are still there."""
    try:
        summary: dict[str, Any] = json.loads(storage.read_bytes(join(night.dataset, SUMMARY)))
    except (FileNotFoundError, ValueError):
        return None
    if summary.get("inputs_sha256") != inputs:
        return None
    present = set(storage.list_files(night.dataset))
    names = [shard_name(shard, _edition(inputs)) for shard in shards]
    needed = [join(night.dataset, name) for name in (*names, DATASET_INFO, FEATURES_INFO)]
    needed += [night.preprocess_dead_letters, night.facts, f"{night.facts}.json"]
    return summary if present.issuperset(needed) else None


def check_accounts(
    rows: Sequence[SnapshotRow], facts: Sequence[ImageFacts], dead_letters: Sequence[DeadLetter]
) -> None:
    """RestyleError unless every image has exactly one outcome, and not all of them were unreadable."""
    expected = Counter(row.image_id for row in rows)
    answered = Counter([fact.image_id for fact in facts] + [letter.image_id for letter in dead_letters])
    if expected != answered:
        odd = sorted((expected - answered) + (answered - expected))
        raise RestyleError(
            f"accounting: {len(rows)} images in the snapshot, {len(facts)} facts + {len(dead_letters)} dead letters; "
            f"these have no outcome or more than one: {', '.join(odd[:5])}{' ...' if len(odd) > 5 else ''}. "
            "Run the stage again; if it persists, report it with the dataset folder."
        )
    if not facts and len(rows) >= SYSTEMIC_IMAGES and {letter.reason for letter in dead_letters} <= SOURCE_REASONS:
        raise RestyleError(
            f"none of {len(rows)} images could be read as the snapshot has them, the first because: "
            f"{dead_letters[0].message} Check the pictures' storage and its credentials, then run ingest again."
        )


def check_examples(summary: dict[str, Any]) -> None:
    """RestyleError unless the written dataset holds as many examples as the facts say."""
    written = sum(summary["splits"].values())
    if written != summary["examples"]:
        raise RestyleError(
            f"accounting: {summary['examples']} images are for training, the dataset holds {written} examples. "
            "Run the stage again; if it persists, report it with the dataset folder."
        )


def _task(shop: Shop) -> PrepareTask:
    limits = DecodeLimits(**shop.settings.images.model_dump())
    return PrepareTask(limits, shop.settings.dataset.short_side_px)


def _edition(inputs: str) -> str:
    """Part of the shards' names: a dataset that is being rewritten never mixes with the one that is being read."""
    return inputs[:12]


def _outline(rows: Sequence[SnapshotRow], shards: Sequence[Shard]) -> dict[str, Any]:
    return {
        "images": len(rows),
        "products": len({row.product_id for row in rows}),
        "shards": dict(Counter(shard.split for shard in shards)),
    }


def _summary(
    rows: Sequence[SnapshotRow], facts: Sequence[ImageFacts], dead_letters: Sequence[DeadLetter]
) -> dict[str, Any]:
    flags = Counter(flag for fact in facts for flag in fact.flags.split())
    not_for_training = sum(bool(set(fact.flags.split()) & set(NOT_FOR_TRAINING)) for fact in facts)
    return {
        "images": len(rows),
        "examples": len(facts) - not_for_training,
        "not_for_training": not_for_training,
        "dead_letters": len(dead_letters),
        "by_reason": dict(sorted(Counter(letter.reason for letter in dead_letters).items())),
        "by_flag": dict(sorted(flags.items())),
        "by_mask_kind": dict(sorted(Counter(fact.mask_kind for fact in facts).items())),
    }


def _split_lengths(night: NightPaths) -> dict[str, int]:
    info = json.loads(storage.read_bytes(join(night.dataset, DATASET_INFO)))
    lengths = {split["name"]: sum(map(int, split["shardLengths"])) for split in info["splits"]}
    return {split: lengths.get(split, 0) for split in SPLIT_BOUNDS}


def _counters(result: Any) -> dict[str, int]:
    from apache_beam.metrics.metric import MetricsFilter

    found = result.metrics().query(MetricsFilter().with_namespace("preprocess"))["counters"]
    return {counter.key.metric.name: counter.result for counter in sorted(found, key=lambda c: c.key.metric.name)}
