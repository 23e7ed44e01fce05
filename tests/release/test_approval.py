"""A human decides where the policy says so; no answer means no; who, when and what they saw stays with the release."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from small_night import SmallNight

from pipelines.core import storage
from pipelines.core.errors import InputError
from pipelines.release.approval import parse_answer
from pipelines.release.releases import current_release, read_manifest

YES = json.dumps(
    {
        "chosen_options": ["Approve"],
        "params_input": {"note": "lovely"},
        "responded_at": "2026-11-23T08:00:00+00:00",
        "responded_by_user": {"id": "7", "name": "anna"},
    }
)
NO = YES.replace("Approve", "Reject").replace("lovely", "too dark")
TIMED_OUT = json.dumps({"chosen_options": ["Reject"], "params_input": {}, "responded_by_user": None, "timedout": True})


def later(night: SmallNight, day: int) -> SmallNight:
    return replace(night, date=f"2026-11-{day}", run_id=f"run-{day}")


def policy(night: SmallNight, name: str, **more: Any) -> None:
    night.made.configure_brand("inkwell", approval={"policy": name, **more})


def ready(night: SmallNight) -> SmallNight:
    night.prepare()
    night.plan()
    night.compute()
    return night


def test_a_yes_publishes_and_is_kept_with_what_was_seen(night: SmallNight) -> None:
    policy(night, "always")
    ready(night)
    assert night.propose()["approval"]["needed"]
    storage.write_bytes(night.run.contact_sheet, b"a picture")
    summary = night.publish(answer=YES)
    assert summary["status"] == "published"
    approval = read_manifest(night.paths, summary["release_id"])["approval"]
    assert (approval["answer"], approval["by"], approval["note"]) == ("approved", "anna", "lovely")
    assert approval["at"] == "2026-11-23T08:00:00+00:00"
    assert approval["saw"]["contact_sheet_sha256"] == hashlib.sha256(b"a picture").hexdigest()
    assert approval["saw"]["accounting"] == summary["accounting"]


@pytest.mark.parametrize(
    ("answer", "status"),
    [("", "unanswered"), (TIMED_OUT, "unanswered"), (NO, "rejected"), ("null", "unanswered"), ("[]", "unanswered")],
)
def test_anything_but_a_yes_publishes_nothing(night: SmallNight, answer: str, status: str) -> None:
    policy(night, "always")
    assert ready(night).publish(answer=answer)["status"] == status
    assert current_release(night.paths) == ""
    assert storage.list_files(night.paths.releases) == []


def test_readers_go_on_seeing_the_last_release(night: SmallNight) -> None:
    first = night.whole()["release_id"]
    policy(night, "always")
    night.made.add_picture("p1.png", 88)
    assert ready(later(night, 24)).publish(answer=NO)["status"] == "rejected"
    assert current_release(night.paths) == first


def test_what_was_rejected_is_not_asked_about_again_unless_wished(night: SmallNight) -> None:
    policy(night, "always")
    ready(night).publish(answer=NO)
    again = ready(later(night, 24))
    due = again.propose()["approval"]
    assert (due["needed"], due["rejected_by"]) == (False, "anna")
    assert again.publish()["status"] == "rejected"
    assert again.propose(ask_again=True)["approval"]["needed"]


def test_what_nobody_answered_is_asked_again(night: SmallNight) -> None:
    policy(night, "always")
    ready(night).publish(answer=TIMED_OUT)
    assert ready(later(night, 24)).propose()["approval"]["needed"]


def test_only_the_first_release_of_a_model(night: SmallNight) -> None:
    policy(night, "first-release-of-model")
    assert ready(night).publish(answer=YES)["status"] == "published"
    night.made.add_picture("p1.png", 88)
    second = ready(later(night, 24))
    assert second.propose()["approval"] == {"needed": False, "why": "readers know this model", "rejected_by": ""}
    assert second.publish()["status"] == "published"
    night.made.bless_fake_model(seed=1)
    assert ready(later(night, 25)).propose()["approval"]["needed"]


def test_an_unchanged_night_asks_nobody(night: SmallNight) -> None:
    policy(night, "always")
    ready(night).publish(answer=YES)
    quiet = ready(later(night, 24))
    assert not quiet.propose()["approval"]["needed"]
    assert quiet.publish()["status"] == "unchanged"


def test_only_those_named_may_approve(night: SmallNight) -> None:
    policy(night, "always", approvers=["berta"])
    summary = ready(night).publish(answer=YES)
    assert summary["status"] == "rejected"
    assert "anna is not among the approvers berta" in summary["approval"]["note"]


def test_a_policy_that_asks_nobody_ignores_answers(night: SmallNight) -> None:
    assert ready(night).publish(answer=NO)["status"] == "published"


def test_an_answer_that_is_no_json_is_an_error() -> None:
    with pytest.raises(InputError, match="expected the approval task's JSON, received 'yes'"):
        parse_answer("yes", (), {})


@pytest.mark.parametrize("options", [[], ["Approve", "Reject"], ["approve"], "Approve", None])
def test_only_the_one_option_is_a_yes(options: Any) -> None:
    answer = json.dumps({**json.loads(YES), "chosen_options": options})
    assert parse_answer(answer, (), {}).answer == "rejected"
