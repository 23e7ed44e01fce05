"""Every published image can be traced."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from small_night import SmallNight

from pipelines.core.errors import InputError
from pipelines.release.audit import explain_image, sentences


def test_an_image_is_traced_to_the_run_that_made_it(night: SmallNight) -> None:
    first = night.whole()
    night.made.add_picture("p1.png", 88)
    second = replace(night, date="2026-11-24", run_id="run-2").whole()
    for image, run, date in (("p0-a", "run-1", "2026-11-23"), ("p1-a", "run-2", "2026-11-24")):
        found = explain_image(night.paths, image)
        assert found is not None
        assert (found.row.image_id, found.row.computed_in_run) == (image, run)
        assert (found.computed["run_id"], found.computed["date"]) == (run, date)
        assert found.release["release_id"] == second["release_id"]
        assert [event["action"] for event in found.shown] == ["publish"]
        text = "\n".join(sentences(found))
        facts = (found.row.source_sha256, found.row.model_sha256, found.row.work_key, second["recipe_sha256"])
        for fact in (*facts, found.computed["snapshot_sha256"], run, "ms_ssim 0.900", "the brand's policy asks nobody"):
            assert fact in text
    earlier = explain_image(night.paths, "p1-a", first["release_id"])
    assert earlier is not None
    assert earlier.row.computed_in_run == "run-1"
    json.dumps(earlier.as_dict())


def test_a_kept_original_says_why(night: SmallNight) -> None:
    night.whole({"p1-a": "fail"})
    found = explain_image(night.paths, "p1-a")
    assert found is not None
    assert "the original, because the gate refused it (edges)" in sentences(found)[0]


def test_the_approver_is_named(night: SmallNight) -> None:
    night.made.configure_brand("inkwell", approval={"policy": "always"})
    night.prepare()
    night.plan()
    night.compute()
    answer = {"chosen_options": ["Approve"], "responded_by_user": {"name": "anna"}, "params_input": {"note": "yes"}}
    night.publish(answer=json.dumps(answer))
    found = explain_image(night.paths, "p1-a")
    assert found is not None
    assert "approved by anna at" in "\n".join(sentences(found))


def test_what_is_not_there(night: SmallNight) -> None:
    with pytest.raises(InputError, match="nothing was published yet"):
        explain_image(night.paths, "p1-a")
    night.whole()
    assert explain_image(night.paths, "nobody") is None
    with pytest.raises(InputError, match="expected a release among"):
        explain_image(night.paths, "p1-a", "../../etc")
