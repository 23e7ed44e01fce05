from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from random_catalog import drawn_release, drawn_rows
from small_night import SmallNight
from tiny_shop import DATE, TinyShop, fake_bundle

from pipelines.core import storage
from pipelines.core.paths import BrandPaths
from pipelines.core.settings import DriftSettings
from pipelines.release import bless_model
from pipelines.release.catalog_profile import CatalogProfile, build_profile, gate_profile, night_profile
from pipelines.release.models import blessed_model, bundle_sha256
from pipelines.release.night_drift import NightDrift, night_drift, remember_gate_profile, remember_training_profile

LIMITS = DriftSettings()
MODEL = "a" * 64
LATER = "2026-12-01"


@pytest.fixture
def paths(tmp_path) -> BrandPaths:
    return BrandPaths(str(tmp_path), "inkwell")


def catalog(seed: int, **options: object) -> CatalogProfile:
    return build_profile(*drawn_rows(seed, 300, **options))  # type: ignore[arg-type]


def gate(seed: int, **options: float) -> CatalogProfile:
    return gate_profile(drawn_release(seed, 300, **options))


def drift(paths: BrandPaths, tonight: CatalogProfile, measured: CatalogProfile, limits=LIMITS) -> NightDrift:
    return night_drift(paths, MODEL, tonight, measured, limits)


def test_a_night_is_compared_with_the_training_and_the_first_release(paths: BrandPaths) -> None:
    assert remember_training_profile(paths, MODEL, DATE, catalog(1))
    assert remember_gate_profile(paths, MODEL, DATE, gate(1), LIMITS)
    quiet = drift(paths, catalog(2), gate(2))
    assert (quiet.findings, quiet.notes, quiet.trained_on, quiet.first_released) == ((), (), DATE, DATE)
    loud = drift(paths, catalog(2, lightness=85.0), gate(2, ms_ssim=0.8))
    assert [finding.what for finding in loud.findings] == ["brightness", "structure"]
    summary = json.loads(json.dumps(loud.to_json()))
    assert [finding["sentence"] for finding in summary["findings"]] == loud.sentences()
    assert summary["findings"][0] | {"sentence": ""} == {
        "what": "brightness", "figure": "mean L", "measure": "psi", "limit": 0.25, "sentence": "",
        "reference": loud.findings[0].reference, "tonight": loud.findings[0].tonight, "value": loud.findings[0].value,
    }  # fmt: skip


def test_the_first_profiles_stand(paths: BrandPaths) -> None:
    assert remember_training_profile(paths, MODEL, DATE, catalog(1))
    assert not remember_training_profile(paths, MODEL, LATER, catalog(2, lightness=85.0))
    assert not remember_gate_profile(paths, MODEL, DATE, gate_profile(drawn_release(1, 29)), LIMITS), "too few"
    assert remember_gate_profile(paths, MODEL, DATE, gate(1), LIMITS)
    assert not remember_gate_profile(paths, MODEL, LATER, gate(2), LIMITS)
    assert drift(paths, catalog(1), gate(1)).trained_on == DATE
    assert max(map(len, (storage.read_bytes(uri) for uri in storage.list_files(paths.models)))) < 5000


def test_what_cannot_be_compared_is_a_note_and_no_error(paths: BrandPaths) -> None:
    unknown = drift(paths, catalog(1), gate(1))
    assert not unknown.findings and [note.split(";")[0] for note in unknown.notes] == [
        "what the model was trained on is not recorded",
        "the model has no earlier release whose gate figures tonight's could be compared with",
    ]
    remember_training_profile(paths, MODEL, DATE, catalog(1))
    remember_gate_profile(paths, MODEL, DATE, gate(1), LIMITS)
    small = drift(paths, build_profile(*drawn_rows(2, 10, 10, lightness=85.0)), gate_profile([]))
    assert not small.findings
    assert ["too small" in small.notes[0], "too few images" in small.notes[1]] == [True, True]
    storage.write_bytes(paths.model_profile(MODEL), b'{"schema_version": 99}')
    storage.write_bytes(paths.model_gate_profile(MODEL), b"{")
    damaged = drift(paths, catalog(1), gate(1))
    assert not damaged.findings
    assert damaged.notes[0].endswith("expected schema 1, received 99")
    assert damaged.notes[1].startswith(f"{paths.model_gate_profile(MODEL)}: ")
    storage.write_bytes(paths.model_profile(MODEL), b"[]")
    assert "expected a catalog profile" in drift(paths, catalog(1), gate(1)).notes[0]


def test_it_can_be_turned_off(paths: BrandPaths) -> None:
    assert drift(paths, catalog(1), gate(1), DriftSettings(enabled=False)) == NightDrift((), ())


def bless(made: TinyShop, seed: int, *options: str, blessed: bool = True) -> int:
    evaluation = made.root / "evaluation"
    evaluation.mkdir(exist_ok=True)
    (evaluation / "blessing.json").write_text(json.dumps({"blessed": blessed, "reasons": [], "numbers": {}}))
    candidate = fake_bundle(made.root / f"candidate-{seed}", seed)
    return bless_model.main(
        ["--settings", str(made.file), "--brand", "inkwell", "--training-key", "key", "--candidate", str(candidate),
         "--evaluation", str(evaluation), *options]
    )  # fmt: skip


def test_blessing_stores_what_the_model_was_trained_on(tiny_shop: Callable[..., TinyShop]) -> None:
    made = tiny_shop()
    night = SmallNight(made)
    night.prepare()
    assert bless(made, 1, "--date", DATE) == 0
    model = blessed_model(night.paths)
    assert model is not None
    stored = json.loads(storage.read_bytes(night.paths.model_profile(model.bundle_sha256)))
    assert (stored["date"], stored["bundle_sha256"]) == (DATE, model.bundle_sha256)
    assert CatalogProfile.from_json(stored) == night_profile(night.night)
    assert (stored["images"], stored["kinds"]["category"]["counts"]) == (3, {"mugs": 3})


def test_a_refused_candidate_leaves_no_profile(tiny_shop: Callable[..., TinyShop]) -> None:
    made = tiny_shop()
    night = SmallNight(made)
    night.prepare()
    bless(made, 1, "--date", DATE)
    assert bless(made, 2, "--date", DATE, blessed=False) == 0
    assert not storage.exists(night.paths.model_profile(bundle_sha256(str(made.root / "candidate-2"))))


def test_a_night_that_is_not_there_is_named_before_anything_is_blessed(
    tiny_shop: Callable[..., TinyShop], capsys: pytest.CaptureFixture[str]
) -> None:
    made = tiny_shop()
    assert bless(made, 1, "--date", LATER) == 6
    assert f"{LATER}/facts.parquet: expected a finished ImageFacts table here" in capsys.readouterr().err
    assert blessed_model(BrandPaths(str(made.output), "inkwell")) is None
    assert bless(made, 1, "--date", "tomorrow") == 2
    assert bless(made, 1) == 0, "without a date nothing is recorded"
