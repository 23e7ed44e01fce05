"""Speed of the Beam jobs against plain loops of the same functions: `make bench-jobs` prints one JSON line a figure.

A job and its loop take turns in one process, so that what else the machine does slows both; the answer is the ratio of
medians. A turn of the job is all of it: snapshot and pictures in, accounted artifacts out, Beam's graph and its workers
included. Only the first start of Beam, which loads it, is told apart (`beam_start_s`).
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import hashlib
import io
import json
import logging
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

import yaml

from pipelines.core import storage
from pipelines.core.contracts import DeadLetter, ImageFacts, PlanRow, ResultRow, SnapshotRow
from pipelines.core.partitions import write_partitioned
from pipelines.core.paths import BrandPaths, NightPaths, RunPaths
from pipelines.core.settings import DatasetSettings, load_shop
from pipelines.core.tables import write_json_lines, write_rows
from pipelines.images.colour import lab_statistics
from pipelines.images.decode import DecodeLimits, decode_image
from pipelines.images.mask import product_mask
from pipelines.preprocess.job import preprocess
from pipelines.preprocess.prepare import PreparedImage, PrepareTask
from pipelines.preprocess.tfrecord import framed
from pipelines.restyle.job import restyle, task_of
from pipelines.restyle.worker import RestyleTask, RestyleWorker
from pipelines.sample_shop.write import write_sample_shop
from pipelines.transforms.job_options import NightJobOptions, RunJobOptions
from pipelines.transforms.threads import default_threads

DATE = "2026-11-23"
PICTURES = {".jpg", ".jpeg", ".png", ".webp"}


def main(argv: list[str] | None = None) -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description="Speed of the Beam jobs.")
    parser.add_argument("--pictures", type=Path, help="folder of pictures; a sample shop is rendered when not given")
    parser.add_argument("--images", type=int, default=512, help="so many; pictures are named repeatedly to reach them")
    parser.add_argument("--size-px", type=int, default=1024, help="of the sample shop's pictures")
    parser.add_argument("--products", type=int, default=16, help="of the sample shop")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--jobs", nargs="*", default=["preprocess", "restyle"])
    parser.add_argument("--restyle-px", type=int, default=384, help="of the sample shop's pictures, for restyling")
    options = parser.parse_args(argv)
    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        pictures = options.pictures or sample_pictures(Path(folder) / "shop", options.products, options.size_px)
        rows = catalog(pictures, options.images)
        if "preprocess" in options.jobs:
            preprocess_vs_loop(Path(folder), rows, options.repeats)
        if "restyle" in options.jobs:
            small = sample_pictures(Path(folder) / "small", options.products, options.restyle_px)
            restyle_vs_loop(Path(folder), catalog(options.pictures or small, options.images), options.repeats)


def preprocess_vs_loop(folder: Path, rows: Sequence[SnapshotRow], repeats: int) -> None:
    """Images a second of the preprocess job, as shares of two plain loops: with the job's threads, and with one."""
    numbers = iter(range(10**6))

    def job(images: Sequence[SnapshotRow]) -> Callable[[], None]:
        return lambda: run_preprocess(folder / f"job-{next(numbers)}", images)

    def loop(threads: int) -> Callable[[], None]:
        return lambda: loop_preprocess(folder / f"loop-{next(numbers)}", rows, threads)

    threads = default_threads()
    start_s = seconds(job(rows[:1]))
    small_s = seconds(job(rows[:1]))
    figure("beam_start_s", start_s, "s", f"first job of a process, one image; the second takes {small_s:.2f} s")
    job_s, threaded_s, plain_s = in_turns([job(rows), loop(threads), loop(1)], repeats)
    files = len({row.image_uri for row in rows})
    told = f"job {len(rows) / job_s:.2f} images/s of {len(rows)} images in {files} files"
    figure(
        "preprocess_vs_loop",
        threaded_s / job_s,
        "times its images/s",
        f"plain loop of {threads} threads {len(rows) / threaded_s:.2f} images/s, {told}",
    )
    figure(
        "preprocess_vs_single_thread_loop",
        plain_s / job_s,
        "times its images/s",
        f"plain loop of one thread {len(rows) / plain_s:.2f} images/s, {told}",
    )


def run_preprocess(home: Path, rows: Sequence[SnapshotRow]) -> None:
    """The job on a catalog that it has not seen."""
    home.mkdir(parents=True)
    settings = home / "shop.yaml"
    shop = {"shop": "bench", "feed": {"uri": "feed.csv"}, "output_uri": "out", "brands": ["brand.yaml"]}
    settings.write_text(yaml.safe_dump(shop))
    (home / "brand.yaml").write_text(yaml.safe_dump({"brand": "any", "references_uri": "references"}))
    night = NightPaths(load_shop(settings).settings.output_uri, DATE)
    write_partitioned(night.snapshot, f"{night.root}/snapshots/parts", rows, SnapshotRow)
    summary = preprocess(NightJobOptions(str(settings), DATE, "bench", dry_run=False, beam_flags=()))
    answered = summary["examples"] + summary["not_for_training"] + summary["dead_letters"]
    if answered != len(rows) or sum(summary["beam_counters"].values()) != len(rows):
        raise RuntimeError(f"expected {len(rows)} images to be accounted for, received {summary}")


def loop_preprocess(home: Path, rows: Sequence[SnapshotRow], threads: int) -> None:
    """What the job does to each image and writes of it, without snapshot, graph, accounts and reuse."""
    dataset = DatasetSettings()
    task = PrepareTask(DecodeLimits(), dataset.short_side_px)
    facts, letters, frames, shards = [], [], [], 0

    def prepared(row: SnapshotRow) -> tuple[PreparedImage | DeadLetter, bytes]:
        outcome = task(row)
        example = outcome.example if isinstance(outcome, PreparedImage) else None
        return outcome, framed(example) if example else b""

    with ThreadPoolExecutor(threads) if threads > 1 else contextlib.nullcontext() as pool:
        for outcome, frame in pool.map(prepared, rows) if pool else map(prepared, rows):
            if isinstance(outcome, DeadLetter):
                letters.append(outcome)
            else:
                facts.append(outcome.facts)
                frames.append(frame)
            if len(frames) == dataset.images_per_shard:
                storage.write_bytes(str(home / f"{shards}.tfrecord"), b"".join(frames))
                frames, shards = [], shards + 1
    storage.write_bytes(str(home / f"{shards}.tfrecord"), b"".join(frames))
    write_rows(str(home / "facts.parquet"), facts, ImageFacts)
    write_json_lines(str(home / "dead_letters.jsonl"), letters)


def restyle_vs_loop(folder: Path, rows: Sequence[SnapshotRow], repeats: int) -> None:
    """Images a second of the restyle job, as a share of a plain loop over the same batches with the same worker.

    The model is untrained, of the default architecture: weights do not change the speed. The loop has it loaded; the
    job loads it in each turn.
    """
    from bench_model import fresh_bundle

    from pipelines.restyle.batching import bounded_batches, by_product
    from training.bundle import write_bundle
    from training.config import Architecture

    bundle = folder / "bundle"
    write_bundle(fresh_bundle(Architecture()), bundle)
    plan = [planned(row) for row in rows]
    numbers = iter(range(10**6))

    def job(images: Sequence[PlanRow]) -> Callable[[], None]:
        return lambda: run_restyle(folder / f"restyle-{next(numbers)}", images, bundle)

    worker = restyle_task(folder / "restyle-loop", plan[:1], bundle).open()

    def loop() -> None:
        objects = folder / f"restyle-loop-{next(numbers)}"
        own = RestyleWorker(
            worker._restyler, dataclasses.replace(worker._task, objects=BrandPaths(str(objects), "any"))
        )
        products = by_product(plan, lambda row: row.product_id)
        batches = bounded_batches(products, lambda row: row.height_px * row.width_px)
        results = [outcome for batch in batches for outcome in own(batch)]
        write_rows(str(objects / "results.parquet"), results, ResultRow)

    start_s = seconds(job(plan[:1]))
    worker(plan[:8])
    job_s, loop_s = in_turns([job(plan), loop], repeats)
    told = f"job {len(plan) / job_s:.2f} images/s of {len(plan)} images, first job with one image {start_s:.1f} s"
    figure("restyle_vs_loop", loop_s / job_s, "times its images/s", f"plain loop {len(plan) / loop_s:.2f}, {told}")


def restyle_task(home: Path, plan: Sequence[PlanRow], bundle: Path) -> RestyleTask:
    """Settings, plan and pin of a run below `home`, and what its workers are told."""
    home.mkdir(parents=True)
    shop = {"shop": "bench", "feed": {"uri": "feed.csv"}, "output_uri": "out", "brands": ["brand.yaml"]}
    (home / "shop.yaml").write_text(yaml.safe_dump(shop))
    (home / "brand.yaml").write_text(yaml.safe_dump({"brand": "any", "references_uri": "references"}))
    loaded = load_shop(home / "shop.yaml")
    paths = RunPaths(loaded.settings.output_uri, DATE, "any", "bench")
    write_rows(paths.plan, plan, PlanRow)
    sha256 = hashlib.sha256((bundle / "model.json").read_bytes()).hexdigest()
    pin = {"schema_version": 1, "bundle_uri": str(bundle), "bundle_sha256": sha256}
    storage.write_bytes(paths.model_pin, json.dumps(pin).encode())
    return task_of(loaded, loaded.brand("any"), paths)


def run_restyle(home: Path, plan: Sequence[PlanRow], bundle: Path) -> None:
    """The job on a plan that it has not seen."""
    restyle_task(home, plan, bundle)
    summary = restyle(RunJobOptions(str(home / "shop.yaml"), "any", DATE, "bench", dry_run=False, beam_flags=()))
    if summary["computed"] != len(plan):
        raise RuntimeError(f"expected {len(plan)} images to be restyled, received {summary}")


def planned(row: SnapshotRow) -> PlanRow:
    """The plan of an image; colours are measured from the picture itself."""
    decoded = decode_image(Path(row.image_uri).read_bytes(), DecodeLimits())
    mask = product_mask(decoded.rgb, decoded.alpha)
    height, width = decoded.rgb.shape[:2]
    return PlanRow(
        row.product_id, row.image_id, row.image_uri, "", row.category, row.source_sha256, width, height,
        decoded.alpha is not None, json.dumps(lab_statistics(decoded.rgb, mask.weights).to_json()),
        hashlib.sha256(row.image_id.encode()).hexdigest(),
    )  # fmt: skip


def sample_pictures(home: Path, products: int, size_px: int) -> Path:
    """Folder of the sample shop's pictures."""
    with contextlib.redirect_stdout(io.StringIO()):
        return write_sample_shop(home, products=products, size_px=size_px, references_per_brand=1).images


def catalog(pictures: Path, images: int) -> list[SnapshotRow]:
    """A snapshot of so many images, two views a product."""
    files = sorted(file for file in pictures.rglob("*") if file.suffix.lower() in PICTURES)
    if not files:
        raise SystemExit(f"--pictures {pictures}: expected pictures below this folder, found none")
    hashes = [(hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_size) for file in files]
    rows = []
    for number in range(images):
        file, (sha256, size_bytes) = files[number % len(files)], hashes[number % len(files)]
        product = f"product-{number // 2:05d}"
        rows.append(SnapshotRow(product, f"image-{number:05d}", str(file), "", "any", sha256, size_bytes))
    return rows


def in_turns(works: Sequence[Callable[[], None]], repeats: int) -> list[float]:
    """Median seconds of each, run in alternation."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for work, taken in zip(works, times, strict=True):
            taken.append(seconds(work))
    return [statistics.median(taken) for taken in times]


def seconds(work: Callable[[], None]) -> float:
    """Of one turn."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def figure(name: str, value: float, unit: str, reference: str) -> None:
    """One line."""
    line: dict[str, Any] = {"name": name, "value": round(value, 4), "unit": unit, "reference": reference}
    print(json.dumps({**line, "machine": machine()}), flush=True)


def machine() -> str:
    """Processor, cores this process may use, Python."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
