from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_shop import DATE, TinyShop, fake_bundle, picture

from pipelines.core import storage
from pipelines.core.errors import MissingArtifact, ModelBundleError
from pipelines.core.paths import BrandPaths
from pipelines.release import bless_model, training_due
from pipelines.release.models import blessed_model, bundle_sha256, store_bundle
from pipelines.release.pointer import read_pointer

MakeShop = Callable[..., TinyShop]


def evaluation(folder: Path, *, blessed: bool, reasons: tuple[str, ...] = ()) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "blessing.json").write_text(json.dumps({"blessed": blessed, "reasons": reasons, "numbers": {}}))
    return str(folder)


def bless(made: TinyShop, seed: int, *, blessed: bool, key: str = "key", reasons: tuple[str, ...] = ()) -> int:
    """Run the job on a fresh candidate."""
    candidate = fake_bundle(made.root / f"candidate-{seed}", seed)
    return bless_model.main(
        ["--settings", str(made.file), "--brand", "inkwell", "--training-key", key, "--candidate", str(candidate),
         "--evaluation", evaluation(made.root / "evaluation", blessed=blessed, reasons=reasons)]
    )  # fmt: skip


def paths_of(made: TinyShop) -> BrandPaths:
    return BrandPaths(str(made.output), "inkwell")


def test_a_blessed_candidate_becomes_the_model(tiny_shop: MakeShop) -> None:
    made = tiny_shop()
    assert blessed_model(paths_of(made)) is None
    assert bless(made, 1, blessed=True) == 0
    model = blessed_model(paths_of(made))
    assert model is not None
    assert model.bundle_sha256 == bundle_sha256(str(made.root / "candidate-1"))
    assert model.training_key == "key"
    for name in ("model.json", "weights.safetensors"):
        assert storage.read_bytes(f"{model.bundle_uri}/{name}") == (made.root / "candidate-1" / name).read_bytes()


def test_a_refused_candidate_keeps_the_current_model(tiny_shop: MakeShop, capsys: pytest.CaptureFixture[str]) -> None:
    made = tiny_shop()
    bless(made, 1, blessed=True)
    before = blessed_model(paths_of(made))
    assert before is not None
    assert bless(made, 2, blessed=False, reasons=("edges got worse",)) == 0
    assert blessed_model(paths_of(made)) == before
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (summary["blessed"], summary["reasons"], summary["kept_sha256"]) == (
        False, ["edges got worse"], before.bundle_sha256
    )  # fmt: skip


def test_a_refused_first_candidate_is_an_error(tiny_shop: MakeShop, capsys: pytest.CaptureFixture[str]) -> None:
    made = tiny_shop()
    assert bless(made, 1, blessed=False, reasons=("edges got worse",)) == 3
    assert "the first model was refused: edges got worse. There is no earlier one" in capsys.readouterr().err
    assert blessed_model(paths_of(made)) is None


def test_blessing_twice_moves_the_pointer_once(tiny_shop: MakeShop) -> None:
    made = tiny_shop()
    bless(made, 1, blessed=True)
    bless(made, 2, blessed=True)
    bless(made, 2, blessed=True)
    pointer = read_pointer(paths_of(made).blessed)
    assert pointer.serial == 2
    assert pointer.values["previous"] == bundle_sha256(str(made.root / "candidate-1"))


def test_weights_that_are_not_the_named_ones_are_not_stored(tiny_shop: MakeShop) -> None:
    made = tiny_shop()
    candidate = fake_bundle(made.root / "candidate", 1)
    (candidate / "weights.safetensors").write_bytes(b"half")
    with pytest.raises(ModelBundleError, match=r"the weights are not those that model\.json names"):
        store_bundle(paths_of(made), str(candidate))
    assert not made.output.exists()


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors"])
def test_half_a_bundle_is_not_stored(tiny_shop: MakeShop, name: str) -> None:
    made = tiny_shop()
    candidate = fake_bundle(made.root / "candidate", 1)
    (candidate / name).unlink()
    with pytest.raises(MissingArtifact, match=str(candidate)):
        store_bundle(paths_of(made), str(candidate))


def test_a_missing_evaluation_is_named(tiny_shop: MakeShop, capsys: pytest.CaptureFixture[str]) -> None:
    made = tiny_shop()
    arguments = ["--settings", str(made.file), "--brand", "inkwell", "--training-key", "k"]
    assert bless_model.main([*arguments, "--candidate", "/none", "--evaluation", str(made.root)]) == 6
    assert f"{made.root}/blessing.json: expected the evaluation's blessing here" in capsys.readouterr().err


def due(made: TinyShop, *more: str) -> int:
    return training_due.main(["--settings", str(made.file), "--brand", "inkwell", "--date", DATE, *more])


def request(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    values: dict[str, str] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return values


@pytest.fixture
def trained(tiny_shop: MakeShop, capsys: pytest.CaptureFixture[str]) -> TinyShop:
    """A shop whose model is up to date."""
    made = tiny_shop()
    assert due(made) == 0
    order = request(capsys)
    assert order["due"]
    assert order["current_option"] == ""
    assert order["content"] == str(made.output / f"datasets/{DATE}")
    made.bless_fake_model(training_key=order["training_key"])
    return made


def test_an_up_to_date_model_ends_with_99(trained: TinyShop, capsys: pytest.CaptureFixture[str]) -> None:
    before = trained.files()
    assert due(trained) == 99
    order = request(capsys)
    assert not order["due"]
    assert order["current_option"].startswith(f"--current={trained.output}/models/inkwell/bundles/")
    assert trained.files() == before


def test_the_catalog_does_not_make_training_due(trained: TinyShop) -> None:
    trained.add_picture("p1.png", 99)
    trained.configure_brand("inkwell", strength=0.5)
    assert due(trained) == 99


def test_renaming_a_reference_does_not_make_training_due(trained: TinyShop) -> None:
    folder = trained.root / "references/inkwell"
    (folder / "reference.png").rename(folder / "renamed.png")
    assert due(trained) == 99


@pytest.mark.parametrize(
    "change",
    [{"training": {"seed": 1}}, {"training": {"minutes": 2}}, {"training": {"preset": "fine"}}, {"colour": "full"}],
)
def test_a_training_setting_makes_it_due(trained: TinyShop, change: dict[str, object]) -> None:
    trained.configure_brand("inkwell", **change)
    assert due(trained) == 0


def test_a_new_reference_makes_it_due_somewhere_else(trained: TinyShop, capsys: pytest.CaptureFixture[str]) -> None:
    due(trained)
    before = request(capsys)
    (trained.root / "references/inkwell/second.png").write_bytes(picture(1001))
    assert due(trained) == 0
    after = request(capsys)
    assert after["workdir"] != before["workdir"]


def test_force_makes_it_due_in_a_folder_of_its_own(trained: TinyShop, capsys: pytest.CaptureFixture[str]) -> None:
    due(trained)
    before = request(capsys)
    assert due(trained, "--force", "--run-id", "manual__2026-11-23T02:00:00+00:00") == 0
    after = request(capsys)
    assert after["training_key"] == before["training_key"]
    assert after["workdir"] == f"{before['workdir']}-manual__2026-11-23T02-00-00-00-00"


def test_force_without_a_name_is_refused(trained: TinyShop, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        due(trained, "--force")
    assert caught.value.code == 2
    assert "--force: expected --run-id beside it" in capsys.readouterr().err


def test_broken_references_are_an_input_error(trained: TinyShop) -> None:
    (trained.root / "references/inkwell/second.png").write_bytes(b"<html>")
    assert due(trained) == 2
