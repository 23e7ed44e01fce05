from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_catalog import drawn_release, drawn_rows

from pipelines.core.contracts import ImageFacts, SnapshotRow
from pipelines.core.errors import MissingArtifact
from pipelines.core.partitions import grouped, write_partitioned
from pipelines.core.paths import NightPaths
from pipelines.core.tables import write_rows
from pipelines.release.catalog_profile import (
    HUES,
    MOST_KINDS,
    SCALES,
    STORED_KINDS,
    CatalogProfile,
    Kinds,
    build_profile,
    gate_profile,
    night_profile,
)


def test_every_image_is_counted_where_it_belongs() -> None:
    facts, snapshot = drawn_rows(1, 50, views=3)
    profile = build_profile(facts, snapshot)
    assert (profile.images, profile.products) == (150, 50)
    means = [json.loads(row.statistics_json)["mean"] for row in facts]
    by_hand = Counter(min(39, int(mean[0] // 2.5)) for mean in means)
    assert profile.measures["lightness"] == tuple(by_hand[cell] for cell in range(40))
    assert profile.kinds["mask_kind"].counts == Counter(row.mask_kind for row in facts)
    assert profile.kinds["category"].counts == Counter(row.category for row in snapshot)
    assert all(sum(counts) == 150 for counts in profile.measures.values())
    assert profile.kinds["hue"].total == 150
    assert SCALES["lightness"].mean(profile.measures["lightness"]) == pytest.approx(
        np.mean([mean[0] for mean in means]), abs=0.5
    )
    longer = profile.measures["longer_side_log2_px"]
    assert [place for place, count in enumerate(longer) if count] == [14, 15, 16], (
        "1024, 1600 and 2048 px by half octaves"
    )


@pytest.mark.parametrize(
    ("a", "b", "hue"),
    [(3, 3, "grey"), (40, 0, "pink"), (40, -1, "pink"), (30, 30, "red or orange"), (0, 50, "yellow"),
     (-30, 30, "green"), (-40, 0, "teal"), (-20, -20, "sky blue"), (0, -40, "blue"), (30, -30, "violet")],
)  # fmt: skip
def test_hues_have_the_names_that_people_give_them(a: float, b: float, hue: str) -> None:
    (facts,), snapshot = drawn_rows(1, 1)
    statistics = {"mean": [50.0, a, b], "spread": [1, 1, 1], "chroma": 40, "weight": 5}
    profile = build_profile([replace(facts, statistics_json=json.dumps(statistics))], snapshot)
    assert profile.kinds["hue"].counts == {hue: 1}
    assert hue == "grey" or hue in HUES


def test_pictures_without_product_have_no_colour() -> None:
    (facts,), snapshot = drawn_rows(1, 1)
    nothing = json.dumps({"mean": [0, 0, 0], "spread": [0, 0, 0], "chroma": 0, "weight": 0})
    profile = build_profile([replace(facts, statistics_json=nothing)], snapshot)
    assert sum(profile.measures["lightness"]) == profile.kinds["hue"].total == 0
    assert profile.images == sum(profile.measures["longer_side_log2_px"]) == 1


FACTS, SNAPSHOT = drawn_rows(2, 40, views=2)
WHOLE = build_profile(FACTS, SNAPSHOT)


@given(buckets=st.sampled_from([1, 2, 8, 64]), order=st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_profiles_of_partitions_make_up_that_of_the_whole(buckets: int, order) -> None:
    of_facts, of_snapshot = grouped(FACTS, buckets), grouped(SNAPSHOT, buckets)
    parts = [build_profile(of_facts[bucket], of_snapshot[bucket]) for bucket in of_facts]
    stored = [CatalogProfile.from_json(json.loads(json.dumps(part.to_json()))) for part in parts]
    order.shuffle(stored)
    assert reduce(add, stored, CatalogProfile()) == WHOLE


def test_gate_profiles_add_up_too() -> None:
    rows = drawn_release(3, 60, views=2)
    parts = [gate_profile(part) for part in grouped(rows, 8).values()]
    assert reduce(add, parts, CatalogProfile()) == gate_profile(rows)


def test_the_gates_figures_are_those_of_what_was_measured() -> None:
    rows = drawn_release(3, 60, refused=0.5)
    blank = replace(rows[0], image_id="blank", outcome="kept_original", ms_ssim=0.0, edge_f1=0.0)
    profile = gate_profile([*rows, blank])
    assert (profile.images, profile.products) == (61, 60)
    assert profile.kinds["outcome"].counts == Counter([*(row.outcome for row in rows), "kept_original"])
    assert sum(profile.measures["ms_ssim"]) == 60
    mean = SCALES["ms_ssim"].mean(profile.measures["ms_ssim"])
    assert mean == pytest.approx(np.mean([row.ms_ssim for row in rows]), abs=0.005)


def test_nothing_has_a_profile() -> None:
    empty = build_profile([], [])
    assert empty.images == empty.products == 0
    assert empty + WHOLE == WHOLE + empty == WHOLE
    assert gate_profile([]).images == 0


def test_profiles_stay_small_however_many_categories_there_are() -> None:
    many = Kinds({f"category {number}": number for number in range(3 * MOST_KINDS)})
    both = many + many
    assert len(both.counts) == MOST_KINDS
    assert both.total == 2 * many.total
    assert min(both.counts.values()) > 2 * (2 * MOST_KINDS - 1)
    profile = CatalogProfile(1, 1, WHOLE.measures, {**WHOLE.kinds, "category": both}).trimmed()
    assert len(profile.kinds["category"].counts) == STORED_KINDS
    assert len(json.dumps(profile.to_json())) < 5000
    assert Kinds({"b": 1, "a": 1}).trimmed(1) == Kinds({"a": 1}, 1), "equals by their names, on any machine"


@pytest.mark.parametrize(
    "change",
    [{"schema_version": 2}, {"measures": {"lightness": [1, 2]}}, {"measures": {"weight": [1]}}, {"images": None},
     {"kinds": {"hue": {"counts": {}}}}, {"kinds": []}],
)  # fmt: skip
def test_what_is_no_profile_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        CatalogProfile.from_json({**WHOLE.to_json(), **change})


def test_a_nights_profile_is_read_part_by_part(tmp_path) -> None:
    night = NightPaths(str(tmp_path), "2026-11-23")
    with pytest.raises(MissingArtifact, match="ImageFacts"):
        night_profile(night)
    write_partitioned(night.facts, night.facts_parts, FACTS, ImageFacts, 8)
    write_partitioned(night.snapshot, night.snapshot_parts, SNAPSHOT, SnapshotRow, 8)
    assert night_profile(night) == WHOLE
    write_rows(night.facts, FACTS, ImageFacts)
    assert night_profile(night) == WHOLE, "a table of one file"
