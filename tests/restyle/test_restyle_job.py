from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shop_night import THIRD_PARTY_WARNINGS, Night, encoded, product_photo, soft_alpha

from pipelines.core import storage
from pipelines.core.contracts import DeadLetter, ResultRow, VerdictRow
from pipelines.core.errors import InputError, MissingArtifact, ModelBundleError
from pipelines.core.progress import read_progress
from pipelines.core.settings import GATE_PRESETS
from pipelines.core.tables import read_json_lines, read_rows, write_rows
from pipelines.images.decode import DecodedImage, DecodeLimits, decode_image
from pipelines.restyle.job import restyle
from pipelines.verify.job import verify

pytestmark = THIRD_PARTY_WARNINGS


def _decoded(uri: str) -> DecodedImage:
    return decode_image(Path(uri).read_bytes(), DecodeLimits())


def _results(night: Night) -> dict[str, ResultRow]:
    return {row.image_id: row for row in read_rows(night.paths.results, ResultRow)}


def _dead_letters(night: Night) -> list[DeadLetter]:
    return read_json_lines(night.paths.restyle_dead_letters, DeadLetter)


@pytest.fixture(scope="module")
def mixed(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """A night of good, odd and broken pictures, restyled and verified."""
    night = Night(tmp_path_factory.mktemp("mixed"), bundle)
    for index in range(10):
        night.add(f"good-{index}.png", encoded(product_photo(72, 64, index)))
    night.add("wide.jpg", encoded(product_photo(60, 121, 3), "JPEG"))
    night.add("cmyk.jpg", encoded(product_photo(72, 64, 4), "JPEG", "CMYK"))
    rgba = np.dstack([product_photo(72, 64, 5), soft_alpha(72, 64)])
    night.add("alpha.png", encoded(rgba))
    whole = encoded(product_photo(72, 64, 6), "JPEG")
    night.add("truncated.jpg", whole[: len(whole) // 2])
    night.add("missing.jpg", None, planned_as=whole)
    night.add("changed.png", encoded(product_photo(72, 64, 7)), planned_as=encoded(product_photo(72, 64, 18)))
    night.write()
    night.summary = restyle(night.options())  # type: ignore[attr-defined]
    night.verdict_summary = verify(night.options())  # type: ignore[attr-defined]
    return night


def test_every_image_of_the_plan_has_one_outcome(mixed: Night) -> None:
    assert sorted([*_results(mixed), *(row.image_id for row in _dead_letters(mixed))]) == sorted(
        row.image_id for row in mixed.plan
    )
    summary = mixed.summary  # type: ignore[attr-defined]
    assert (summary["computed"], summary["dead_letters"]) == (13, 3)
    assert summary["by_reason"] == {"changed-since-snapshot": 1, "missing-file": 1, "truncated": 1}


def test_broken_pictures_become_dead_letters_that_say_why(mixed: Night) -> None:
    letters = {row.image_id: row for row in _dead_letters(mixed)}
    assert {name: row.reason for name, row in letters.items()} == {
        "changed.png": "changed-since-snapshot",
        "missing.jpg": "missing-file",
        "truncated.jpg": "truncated",
    }
    assert all(row.stage == "restyle" and row.message for row in letters.values())
    assert letters["changed.png"].product_id == "changed"


def test_results_are_sorted_and_name_objects_by_their_content(mixed: Night) -> None:
    rows = read_rows(mixed.paths.results, ResultRow)
    assert [row.image_id for row in rows] == sorted(row.image_id for row in rows)
    for row in rows:
        data = Path(row.object_uri).read_bytes()
        assert hashlib.sha256(data).hexdigest() == row.object_sha256 == Path(row.object_uri).stem
        assert len(data) == row.object_bytes


def test_outputs_keep_their_size_and_their_white(mixed: Night) -> None:
    for row in _results(mixed).values():
        before, after = _decoded(row.image_uri), _decoded(row.object_uri)
        assert after.rgb.shape == before.rgb.shape == (row.height_px, row.width_px, 3)
        if before.source_format == "PNG" and before.alpha is None:
            white = (before.rgb == 255).all(axis=-1)
            assert white.mean() > 0.5
            assert (after.rgb[white] == 255).all()


def test_the_product_takes_the_brand_s_look(mixed: Night) -> None:
    row = _results(mixed)["good-0.png"]
    before, after = _decoded(row.image_uri).rgb, _decoded(row.object_uri).rgb
    product = (before < 250).any(axis=-1)
    assert np.abs(after[product].astype(int) - before[product]).mean() > 2


def test_alpha_survives_exactly(mixed: Night) -> None:
    row = _results(mixed)["alpha.png"]
    after = _decoded(row.object_uri)
    assert after.alpha is not None
    assert np.array_equal(after.alpha, soft_alpha(72, 64))


def test_the_brand_s_settings_decide_the_look(bundle: Path, tmp_path: Path) -> None:
    sha256 = hashlib.sha256((bundle / "model.json").read_bytes()).hexdigest()
    wishes = {
        "background": "texture",
        "background_colour": "#f0e8dd",
        "mix": {"inkwell": 3, "inkwell/poster.jpg": 1},
        "regions": [
            {"mask": "sleeve", "mix": {"gilded": 1}},
            {"box": [0, 0, 1, 0.5], "mix": {"inkwell/poster.jpg": 1}},
        ],
        "models": [{"uri": str(bundle), "sha256": sha256}],
    }
    night = Night(tmp_path, bundle, brand=wishes)
    night.add("plain.png", encoded(product_photo(72, 64)))
    night.add("masked.png", encoded(product_photo(72, 64)))
    night.add("alpha.png", encoded(np.dstack([product_photo(72, 64, 5), soft_alpha(72, 64)])))
    (tmp_path / "pictures" / "masked.sleeve.png").write_bytes(encoded(np.full((72, 64), 255, np.uint8)))
    night.write()
    assert restyle(night.options())["computed"] == 3
    rows = _results(night)
    plain, masked = (_decoded(rows[name].object_uri).rgb.astype(int) for name in ("plain.png", "masked.png"))
    corner = plain[:12, :12].reshape(-1, 3)
    assert np.abs(corner.mean(axis=0) - [0xF0, 0xE8, 0xDD]).max() < 6
    assert corner.std(axis=0).min() > 0.2
    assert not np.array_equal(plain, masked)
    after = _decoded(rows["alpha.png"].object_uri)
    assert after.alpha is not None
    assert np.array_equal(after.alpha, soft_alpha(72, 64))
    assert verify(night.options())["passed"] == 3


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"mix": {"nobody": 1}}, "expected one of gilded, inkwell, received 'nobody'"),
        ({"mix": {"inkwell/none.jpg": 1}}, "reference of inkwell: expected one of poster.jpg"),
        ({"background": "texture", "mix": {"gilded": 1}}, "texture of gilded"),
        ({"regions": [{"box": [0, 0, 1, 1], "mix": {"nobody": 1}}]}, "received 'nobody'"),
    ],
)
def test_a_look_that_the_models_lack_stops_the_job_before_it_starts(
    bundle: Path, tmp_path: Path, wishes: dict[str, object], message: str
) -> None:
    night = Night(tmp_path, bundle, brand=wishes)
    night.add("a.png", encoded(product_photo(40, 40)))
    night.write()
    with pytest.raises(ModelBundleError, match=message):
        restyle(night.options())


def test_another_model_than_the_settings_name_is_refused(bundle: Path, tmp_path: Path) -> None:
    night = Night(tmp_path, bundle, brand={"models": [{"uri": str(bundle), "sha256": "0" * 64}]})
    night.add("a.png", encoded(product_photo(40, 40)))
    night.write()
    with pytest.raises(ModelBundleError, match="expected sha256 0000"):
        restyle(night.options())


def test_progress_counts_every_image(mixed: Night) -> None:
    progress = read_progress(mixed.paths.progress("restyle"))
    assert progress is not None
    assert (progress.total, progress.done, progress.failed) == (16, 16, 3)


def test_verdicts_answer_every_result(mixed: Night) -> None:
    verdicts = read_rows(mixed.paths.verdicts, VerdictRow)
    assert [row.image_id for row in verdicts] == sorted(_results(mixed))
    assert all(row.passed and row.reason == "" for row in verdicts), verdicts
    summary = mixed.verdict_summary  # type: ignore[attr-defined]
    assert (summary["passed"], summary["failed"], summary["by_reason"]) == (13, 0, {})
    assert summary["medians"]["white_kept"] == 1.0


def test_every_row_names_its_product_and_what_it_was_held_against(mixed: Night) -> None:
    products = {row.image_id: row.product_id for row in mixed.plan}
    rows = _results(mixed)
    assert {name: row.product_id for name, row in rows.items()} == {name: products[name] for name in rows}
    assert {row.strength for row in rows.values()} == {1.0}
    assert mixed.summary["at_lower_strength"] == 0  # type: ignore[attr-defined]
    for verdict in read_rows(mixed.paths.verdicts, VerdictRow):
        assert verdict.product_id == products[verdict.image_id]
        assert json.loads(verdict.thresholds_json) == GATE_PRESETS["photographic"].resolved()


def test_a_view_that_left_its_product_is_refused_and_every_view_has_its_verdict(mixed: Night, tmp_path: Path) -> None:
    rows = _results(mixed)
    night = mixed.rerun("views")
    alike = [f"good-{index}.png" for index in (1, 3, 5, 7, 9)]
    rows = {name: replace(rows[name], product_id="one") for name in alike}
    darker = _decoded(rows["good-3.png"].object_uri).rgb.copy()
    darker[darker.min(axis=-1) < 250] //= 2
    (tmp_path / "odd.png").write_bytes(encoded(darker))
    digest = hashlib.sha256(encoded(darker)).hexdigest()
    rows["good-3.png"] = replace(rows["good-3.png"], object_uri=str(tmp_path / "odd.png"), object_sha256=digest)
    write_rows(night.paths.results, rows.values(), ResultRow)
    summary = verify(night.options())
    verdicts = {row.image_id: row for row in read_rows(night.paths.verdicts, VerdictRow)}
    assert sorted(verdicts) == sorted(alike)
    assert {name: row.reason for name, row in verdicts.items() if not row.passed} == {"good-3.png": "views"}
    assert summary["by_reason"] == {"views": 1}
    assert verdicts.pop("good-3.png").views_drift > 4 > max(row.views_drift for row in verdicts.values())
    progress = read_progress(night.paths.progress("verify"))
    assert progress is not None
    assert (progress.done, progress.failed) == (5, 1)


def test_products_that_the_gate_refuses_are_drawn_weaker(bundle: Path, tmp_path: Path) -> None:
    strict = {"gate": {"max_colour_drift": 0.3, "min_ms_ssim": 0.0, "min_edge_f1": 0.0, "retry_strengths": [0.5, 0.01]}}
    night = Night(tmp_path, bundle, brand=strict)
    for index in range(3):
        night.add(f"{index}.png", encoded(product_photo(150, 90 + 20 * index, index)))
    night.write()
    summary = restyle(night.options())
    strengths = {name: row.strength for name, row in _results(night).items()}
    assert summary["at_lower_strength"] == sum(strength < 1 for strength in strengths.values()) > 0
    assert verify(night.options())["passed"] == 3


def test_verify_flags_each_kind_of_harm(mixed: Night, tmp_path: Path) -> None:
    rows = _results(mixed)
    night = mixed.rerun("harmed")
    source = _decoded(rows["good-0.png"].image_uri).rgb
    product = (source < 250).any(axis=-1)
    noise = np.random.default_rng(0).integers(0, 250, source.shape, dtype=np.uint8)
    harm = {
        "good-0.png": ("structure", np.where(product[..., None], noise, source)),
        "good-2.png": (
            "white-background",
            np.where(product[..., None], _decoded(rows["good-2.png"].object_uri).rgb, 245),
        ),
        "good-4.png": ("blank", np.full_like(source, 255)),
        "good-6.png": ("wrong-size", source[1:]),
    }
    for name, (_, pixels) in harm.items():
        data = encoded(pixels.astype(np.uint8))
        (tmp_path / name).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        rows[name] = replace(rows[name], object_uri=str(tmp_path / name), object_sha256=digest)
    write_rows(night.paths.results, rows.values(), ResultRow)
    summary = verify(night.options())
    verdicts = {row.image_id: row for row in read_rows(night.paths.verdicts, VerdictRow)}
    assert {name: row.reason for name, row in verdicts.items() if not row.passed} == {
        name: reason for name, (reason, _) in harm.items()
    }
    assert (summary["passed"], summary["failed"]) == (9, 4)
    progress = read_progress(night.paths.progress("verify"))
    assert progress is not None
    assert (progress.done, progress.failed) == (13, 4)


def test_a_rerun_writes_the_same_names_and_nothing_new(mixed: Night) -> None:
    stored = mixed.objects()
    again = mixed.rerun("again")
    restyle(again.options())
    assert again.objects() == stored
    assert _results(again) == _results(mixed)
    assert Path(again.paths.results).read_bytes() == Path(mixed.paths.results).read_bytes()


def test_the_same_bytes_in_whatever_batch(mixed: Night, bundle: Path, tmp_path: Path) -> None:
    alone = Night(tmp_path, bundle)
    alone.plan = [row for row in mixed.plan if row.image_id in ("good-3.png", "alpha.png")]
    alone.write()
    restyle(alone.options())
    together = _results(mixed)
    assert {name: row.object_sha256 for name, row in _results(alone).items()} == {
        name: together[name].object_sha256 for name in ("good-3.png", "alpha.png")
    }


def test_a_brand_that_asks_for_jpeg_gets_png_where_there_is_alpha(bundle: Path, tmp_path: Path) -> None:
    night = Night(tmp_path, bundle, output_format="jpeg")
    night.add("plain.png", encoded(product_photo(40, 40)))
    night.add("alpha.png", encoded(np.dstack([product_photo(40, 40), soft_alpha(40, 40)])))
    night.write()
    restyle(night.options())
    rows = _results(night)
    assert Path(rows["plain.png"].object_uri).suffix == ".jpg"
    assert Path(rows["alpha.png"].object_uri).suffix == ".png"
    after = _decoded(rows["alpha.png"].object_uri).alpha
    assert after is not None
    assert np.array_equal(after, soft_alpha(40, 40))


def test_an_unwritable_store_is_a_dead_letter(bundle: Path, tmp_path: Path) -> None:
    night = Night(tmp_path, bundle)
    night.add("a.png", encoded(product_photo(40, 40)))
    night.write()
    (tmp_path / "out" / "objects").write_text("a file where the folder should be")
    assert restyle(night.options())["by_reason"] == {"write-failed": 1}


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(bundle: Path, tmp_path: Path) -> None:
    night = Night(tmp_path, bundle)
    night.add("a.png", encoded(product_photo(40, 50)))
    night.write()
    before = sorted(tmp_path.rglob("*"))
    summary = restyle(night.options(dry_run=True))
    assert (summary["dry_run"], summary["images"], summary["megapixels"]) == (True, 1, 0.002)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_altered_model_bundle_is_refused(bundle: Path, tmp_path: Path) -> None:
    night = Night(tmp_path, bundle)
    night.add("a.png", encoded(product_photo(40, 50)))
    night.write()
    Path(night.paths.model_pin).write_text(json.dumps({"bundle_uri": str(bundle), "bundle_sha256": "0" * 64}))
    with pytest.raises(ModelBundleError, match="expected sha256 0000"):
        restyle(night.options())


@pytest.mark.parametrize("content", [None, "{", "[]", '{"bundle_uri": "x"}'])
def test_a_run_without_a_proper_pin_says_which_stage_is_missing(
    content: str | None, bundle: Path, tmp_path: Path
) -> None:
    night = Night(tmp_path, bundle)
    night.add("a.png", encoded(product_photo(40, 50)))
    night.write()
    pin = Path(night.paths.model_pin)
    pin.unlink() if content is None else pin.write_text(content)
    with pytest.raises(MissingArtifact, match="plan stage"):
        restyle(night.options())


@pytest.mark.parametrize("flags", [("--no-such-option",), ("stray",), ("--direct_num_workers=two",)])
def test_unknown_options_are_an_error(flags: tuple[str, ...], bundle: Path, tmp_path: Path) -> None:
    night = Night(tmp_path, bundle)
    night.write()
    with pytest.raises(InputError, match=flags[0].split("=")[0].lstrip("-")):
        restyle(night.options(*flags))


def test_options_of_the_settings_may_be_repeated_on_the_command_line(bundle: Path, tmp_path: Path) -> None:
    night = Night(tmp_path, bundle, beam_options=("--direct_num_workers=1", "--runner=FnApiRunner"))
    night.add("a.png", encoded(product_photo(40, 40)))
    night.write()
    assert restyle(night.options("--runner=FnApiRunner"))["computed"] == 1
    night = Night(tmp_path, bundle, beam_options=("--no-such-option",))
    night.write()
    with pytest.raises(InputError, match="--no-such-option"):
        verify(night.options())


def test_everything_may_lie_on_object_storage(bucket: str, bundle: Path, tmp_path: Path) -> None:
    night = Night(tmp_path, bundle, root=f"{bucket}/out", bundle_uri=f"{bucket}/model")
    for name in ("model.json", "weights.safetensors"):
        storage.write_bytes(f"{bucket}/model/{name}", (bundle / name).read_bytes())
    night.add("a.png", encoded(product_photo(40, 40)))
    night.add("gone.png", None)
    image = f"{bucket}/pictures/b.png"
    storage.write_bytes(image, encoded(product_photo(48, 40, 1)))
    local = night.add("b.png", encoded(product_photo(48, 40, 1)))
    night.plan[-1] = replace(night.plan[-1], image_uri=image)
    local.unlink()
    night.write()
    assert restyle(night.options())["computed"] == 2
    rows = _results(night)
    assert rows["b.png"].object_uri.startswith(f"{bucket}/out/objects/inkwell/")
    assert hashlib.sha256(storage.read_bytes(rows["b.png"].object_uri)).hexdigest() == rows["b.png"].object_sha256
    assert verify(night.options())["passed"] == 2
    assert restyle(night.options())["computed"] == 2


def test_an_empty_plan_needs_neither_model_nor_tensorflow(bundle: Path, tmp_path: Path) -> None:
    night = Night(tmp_path, bundle)
    night.write()
    Path(night.paths.model_pin).unlink()
    script = (
        "import runpy, sys\n"
        "try: runpy.run_module('pipelines.restyle', run_name='__main__', alter_sys=True)\n"
        "except SystemExit as stop: code = stop.code\n"
        "heavy = {'tensorflow', 'keras', 'apache_beam', 'training'} & {name.split('.')[0] for name in sys.modules}\n"
        "sys.exit(f'imported {heavy}' if heavy else code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *night.arguments()], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["message"], summary["computed"]) == ("nothing to compute", 0)
    assert _results(night) == {}
    assert _dead_letters(night) == []
    assert verify(night.options())["message"] == "nothing to verify"
    assert read_rows(night.paths.verdicts, VerdictRow) == []


def test_the_command_line_ends_with_the_summary_and_the_exit_code(bundle: Path, tmp_path: Path) -> None:
    night = Night(tmp_path, bundle)
    night.add("a.png", encoded(product_photo(40, 50)))
    night.write()
    command = [sys.executable, "-m", "pipelines.restyle", *night.arguments()]
    done = subprocess.run([*command, "--dry-run"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["images"] == 1
    wrong = subprocess.run([*command, "--bogus"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "--bogus" in wrong.stderr
