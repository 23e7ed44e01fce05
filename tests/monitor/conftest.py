"""A finished night of a small shop, made of tiny pictures."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.core import storage, tables
from pipelines.core.contracts import DeadLetter, PlanRow, ReleaseRow, ResultRow, VerdictRow
from pipelines.core.paths import BrandPaths, NightPaths, RunPaths
from pipelines.core.settings import Shop, load_shop
from pipelines.images.encode import EncodeOptions, encode_image
from pipelines.monitor.report import write_report

DATE, BRAND, RUN_ID = "2026-11-23", "inkwell", "scheduled__2026-11-23T02:00:00+00:00"
RELEASE, EARLIER = f"{DATE}-0123456789ab", "2026-11-22-ba9876543210"
VOID = {"meta", "img", "br", "link", "input", "hr"}


def picture(seed: int, size: tuple[int, int] = (24, 20)) -> bytes:
    """A small PNG of one colour with a square in it."""
    rgb = np.full((*size, 3), 255, np.uint8)
    rgb[4:16, 4:16] = np.random.default_rng(seed).integers(0, 256, 3, dtype=np.uint8)
    return encode_image(rgb, None, EncodeOptions("png"))


@dataclass
class Night:
    """Artifacts of one run, written as its stages would; every write can be repeated with other rows."""

    home: Path
    shop: Shop
    rows: list[ReleaseRow] = field(default_factory=list)
    verdicts: list[VerdictRow] = field(default_factory=list)
    results: list[ResultRow] = field(default_factory=list)

    @property
    def root(self) -> str:
        return self.shop.settings.output_uri

    @property
    def run(self) -> RunPaths:
        return RunPaths(self.root, DATE, BRAND, RUN_ID)

    @property
    def paths(self) -> BrandPaths:
        return BrandPaths(self.root, BRAND)

    @property
    def night(self) -> NightPaths:
        return NightPaths(self.root, DATE)

    def add_image(self, number: int, outcome: str, category: str = "shirts", **changes: Any) -> ReleaseRow:
        """One image with its pictures; a kept original has a rejected attempt."""
        before, after = picture(number), picture(number + 1000)
        source = self.home / "feed" / f"{number}.png"
        source.parent.mkdir(exist_ok=True)
        source.write_bytes(before)
        sha256, after_sha256 = hashlib.sha256(before).hexdigest(), hashlib.sha256(after).hexdigest()
        attempt, original = self.paths.object(after_sha256, ".png"), self.paths.object(sha256, ".png")
        kept = outcome == "kept_original"
        storage.write_bytes(attempt, after)
        if kept:
            storage.write_bytes(original, before)
        row = ReleaseRow(
            product_id=f"p{number // 2}", image_id=f"image-{number}", title=f"Shirt {number}", category=category,
            image_uri=str(source), source_sha256=sha256, work_key=f"key-{number}",
            outcome="kept_original" if kept else "restyled",
            reason="ms-ssim-too-low" if kept else "", object_uri=original if kept else attempt,
            object_sha256=sha256 if kept else after_sha256, object_bytes=1, width_px=20, height_px=24,
            strength=1.0, ms_ssim=0.61 if kept else 0.91, edge_f1=0.88, white_kept=0.999, colour_drift=0.0,
            text_kept=1.0, views_drift=0.0, thresholds_json="{}", model_sha256="f" * 64,
            computed_in_run="an earlier run" if outcome == "reused" else RUN_ID,
        )  # fmt: skip
        row = replace(row, **changes)
        self.rows.append(row)
        if outcome != "reused":
            key = {"image_id": row.image_id, "work_key": row.work_key}
            self.verdicts.append(
                VerdictRow(
                    **key, passed=not kept, reason=row.reason, ms_ssim=row.ms_ssim, edge_f1=0.88, white_kept=0.999
                )
            )
            self.results.append(
                ResultRow(
                    **key,
                    source_sha256=sha256,
                    image_uri=row.image_uri,
                    object_uri=attempt,
                    object_sha256=after_sha256,
                    object_bytes=len(after),
                    width_px=20,
                    height_px=24,
                )
            )
        return row

    def dead_letter(self, number: int = 0, **changes: Any) -> DeadLetter:
        letter = DeadLetter(f"p{number}", f"dead-{number}", "/gone.jpg", "ingest", "missing-file", "no such file")
        return replace(letter, **changes)

    def summary(self, **changes: Any) -> dict[str, Any]:
        """Of what was added, with `dead_letters` beside it."""
        dead = int(changes.pop("dead_letters", 0))
        outcomes = [
            "reused" if (row.outcome, row.computed_in_run) == ("restyled", "an earlier run") else row.outcome
            for row in self.rows
        ]
        accounting = {name: outcomes.count(name) for name in ("restyled", "reused", "kept_original")}
        return {
            "schema_version": 1,
            "shop": "northwind",
            "brand": BRAND,
            "date": DATE,
            "run_id": RUN_ID,
            "status": "published",
            "release_id": RELEASE,
            "previous_release_id": EARLIER,
            "model_sha256": "",
            "accounting": {"images_in": len(outcomes) + dead, **accounting, "dead_letters": dead},
            "computed": len(self.results),
            "seconds": {"restyle": 61.5, "verify": 4.0},
            "gate": {
                "thresholds": {"min_ms_ssim": 0.7, "min_edge_f1": 0.7, "min_white_kept": 0.995},
                "passed": sum(verdict.passed for verdict in self.verdicts),
                "failed": sum(not verdict.passed for verdict in self.verdicts),
            },
            "dead_letters_by_reason": {"missing-file": dead} if dead else {},
            "started_at": "2026-11-23T02:00:00+00:00",
            "finished_at": "2026-11-23T02:07:41+00:00",
            **changes,
        }

    def write(self, dead_letters: list[DeadLetter] | None = None, **changes: Any) -> None:
        """All artifacts; `changes` go into the summary."""
        letters = dead_letters or []
        tables.write_json_lines(self.night.ingest_dead_letters, letters)
        tables.write_rows(self.run.verdicts, self.verdicts, VerdictRow)
        tables.write_rows(self.run.results, self.results, ResultRow)
        tables.write_rows(self.run.plan, [self._planned(row) for row in self.rows], PlanRow)
        if changes.get("status") != "blocked":
            tables.write_rows(self.paths.release_rows(RELEASE), self.rows, ReleaseRow)
        summary = self.summary(dead_letters=len(letters), **changes)
        storage.write_bytes(self.run.summary, json.dumps(summary).encode())

    def report(self) -> str:
        """The page, written anew."""
        return storage.read_bytes(write_report(self.shop, BRAND, DATE, RUN_ID)).decode()

    @staticmethod
    def _planned(row: ReleaseRow) -> PlanRow:
        return PlanRow(
            row.product_id, row.image_id, row.image_uri, row.title, row.category, row.source_sha256,
            row.width_px, row.height_px, False, "{}", row.work_key,
        )  # fmt: skip


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""


class PageParser(HTMLParser):
    """All elements with their own text; `unbalanced` names end tags that match nothing and tags never closed."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.open: list[Element] = []
        self.unbalanced: list[str] = []
        self.feed(page)
        self.close()
        self.unbalanced += [element.tag for element in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1].tag == tag:
            self.open.pop()
        else:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open:
            self.open[-1].text += data

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    @property
    def text(self) -> str:
        hidden = {"style", "script"}
        return "\n".join(element.text for element in self.elements if element.tag not in hidden)


@pytest.fixture
def parse() -> type[PageParser]:
    return PageParser


@pytest.fixture
def empty_night(tmp_path: Path) -> Night:
    """Settings and references, nothing else."""
    (tmp_path / "shop.yaml").write_text(
        "shop: northwind\nfeed: {uri: feed.csv}\noutput_uri: out\nbrands: [inkwell.yaml]\n"
    )
    (tmp_path / "inkwell.yaml").write_text("brand: inkwell\nreferences_uri: look\n")
    (tmp_path / "look").mkdir()
    for number in range(3):
        (tmp_path / "look" / f"{number}.png").write_bytes(picture(2000 + number))
    return Night(tmp_path, load_shop(tmp_path / "shop.yaml"))


@pytest.fixture
def night(empty_night: Night) -> Night:
    """Four restyled, two reused, two kept originals and one dead letter, written."""
    for number in range(4):
        empty_night.add_image(number, "restyled", "shirts" if number else "hats")
    for number in range(4, 6):
        empty_night.add_image(number, "reused")
    for number in range(6, 8):
        empty_night.add_image(number, "kept_original")
    empty_night.write([empty_night.dead_letter()])
    return empty_night
