from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from pipelines.core.errors import InputError, SettingsError
from pipelines.core.settings import load_shop

pytestmark = pytest.mark.filterwarnings("ignore")
NIGHT = datetime(2026, 11, 23, 2, tzinfo=UTC)


@dataclass
class Event:
    extra: dict[str, object]


def ask(params=None, key=None, events=()):
    from restyle_common.request import resolve_request

    return resolve_request(load_shop(os.environ["RESTYLE_SETTINGS"]), params or {}, key, NIGHT, events)


def test_the_day_of_the_run_when_nothing_else_is_said() -> None:
    asked = ask()
    assert asked["date"] == "2026-11-23"
    assert asked["brands"] == ["inkwell", "gouache"]
    assert asked["brand_option"] == ""
    assert asked["force_training"] is False


def test_all_brands_is_the_forms_own_word_for_no_choice() -> None:
    from restyle_common.request import ALL_BRANDS

    asked = ask({"brand": ALL_BRANDS})
    assert asked["brands"] == ["inkwell", "gouache"]
    assert asked["brand_option"] == ""


def test_the_form_wins_over_the_partition_key() -> None:
    assert ask({"date": "2026-01-02"}, key="2026-03-04")["date"] == "2026-01-02"
    assert ask({"date": None}, key="2026-03-04")["date"] == "2026-03-04"


def test_one_brand_is_handed_on_from_dag_to_dag() -> None:
    first = ask({"brand": "gouache", "force_training": True}, key="2026-03-04")
    assert first["brands"] == ["gouache"]
    assert first["brand_option"] == "--brand=gouache"
    second = ask({"brand": "", "date": None}, key="2026-03-04", events=[Event(first)])
    assert second["brands"] == ["gouache"]
    assert second["force_training"] is True


def test_moving_back_is_handed_on_and_asking_again_is_not() -> None:
    assert ask()["move_back_option"] == ask()["ask_again_option"] == ""
    first = ask({"move_back": True, "ask_again": True}, key="2026-03-04")
    assert (first["move_back_option"], first["ask_again_option"]) == ("--move-back", "--ask-again")
    second = ask({}, key="2026-03-04", events=[Event(first)])
    assert (second["move_back_option"], second["ask_again_option"]) == ("--move-back", "")


def test_a_brand_that_the_shop_does_not_have() -> None:
    with pytest.raises(SettingsError, match="expected a brand among inkwell, gouache, received 'acme'"):
        ask({"brand": "acme"})


def test_a_date_that_is_none() -> None:
    with pytest.raises(InputError, match="YYYY-MM-DD"):
        ask({"date": "tomorrow"})
