from __future__ import annotations

import base64
import hashlib
import itertools
import json
import os
import posixpath
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest

from pipelines.core import storage, tables
from pipelines.core.contracts import DeadLetter
from pipelines.core.errors import MissingArtifact, SettingsError
from pipelines.core.paths import night_progress
from pipelines.images.encode import EncodeOptions, encode_image
from pipelines.monitor.__main__ import main
from pipelines.monitor.report import write_report

HOSTILE = """{{ 7*7 }}</title><script>alert(1)</script>"'><img src=x onerror=alert(1)>"""


def shown_counts(page: Any) -> dict[str, int]:
    found = {}
    for element in page.all("data"):
        if name := element.attributes.get("data-count"):
            assert element.text == f"{int(element.attributes['value']):,}"
            found[name] = int(element.attributes["value"])
    return found


def test_accounting_on_the_page_equals_the_summary(night: Any, parse: Any) -> None:
    page = parse(night.report())
    assert shown_counts(page) == night.summary(dead_letters=1)["accounting"]
    assert "The numbers do not add up." not in page.text


def test_says_so_when_the_summary_does_not_add_up(night: Any, parse: Any) -> None:
    accounting = {**night.summary(dead_letters=1)["accounting"], "images_in": 1_234}
    night.write([night.dead_letter()], accounting=accounting)
    page = parse(night.report())
    assert shown_counts(page) == accounting
    assert "The numbers do not add up." in page.text


def test_opens_with_what_was_published(night: Any, parse: Any) -> None:
    page = parse(night.report())
    assert [title.text for title in page.all("h1")] == [
        "A new release of 9 images was published: 4 restyled, 2 reused, 2 kept as they were and 1 unusable."
    ]
    assert "23 Nov 2026, 02:07 UTC" in page.text
    assert "7 min 41 s" in page.text


def test_html_is_balanced_with_one_main_title_and_ordered_headings(night: Any, parse: Any) -> None:
    text = night.report()
    page = parse(text)
    assert text.startswith("<!doctype html>")
    assert page.unbalanced == []
    levels = [int(element.tag[1]) for element in page.elements if re.fullmatch("h[1-6]", element.tag)]
    assert levels.count(1) == 1
    assert all(deeper <= level + 1 for level, deeper in itertools.pairwise(levels))


def test_ids_are_unique_and_references_to_them_resolve(night: Any, parse: Any) -> None:
    page = parse(night.report())
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    wanted = {
        element.attributes["aria-labelledby"] for element in page.elements if "aria-labelledby" in element.attributes
    }
    wanted |= {a.attributes["href"][1:] for a in page.all("a") if a.attributes["href"].startswith("#")}
    assert wanted <= set(ids)


def test_every_picture_is_embedded_sized_and_described(night: Any, parse: Any) -> None:
    pictures = [element.attributes for element in parse(night.report()).all("img")]
    # 3 references, 6 pairs of restyled or reused, 2 kept originals with their rejected attempts.
    assert len(pictures) == 3 + 2 * 6 + 2 * 2
    assert all(picture["src"].startswith("data:image/jpeg;base64,") for picture in pictures)
    assert all(picture["alt"] and int(picture["width"]) and int(picture["height"]) for picture in pictures)


def test_nothing_is_loaded_from_elsewhere(night: Any, parse: Any) -> None:
    text = night.report()
    page = parse(text)
    assert not re.search(r"https?:|@import|url\(", text)
    assert not {"script", "link", "iframe", "object", "base"} & {element.tag for element in page.elements}
    for element in page.elements:
        assert not element.attributes.get("href", "").startswith(("/", "http", "javascript", "data"))
        assert "srcset" not in element.attributes


def test_policy_allows_the_style_sheet_by_hash_and_nothing_else(night: Any, parse: Any) -> None:
    page = parse(night.report())
    (sheet,) = page.all("style")
    digest = base64.b64encode(hashlib.sha256(sheet.text.encode()).digest()).decode()
    (policy,) = [m.attributes["content"] for m in page.all("meta") if "http-equiv" in m.attributes]
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    # The policy blocks style attributes and handlers, so none may be needed.
    assert not [name for element in page.elements for name in element.attributes if name == "style" or name[:2] == "on"]


def test_links_lead_to_files_that_exist(night: Any, parse: Any) -> None:
    uri = Path(write_report(night.shop, "inkwell", night.run.date, night.run.run_id))
    storage.write_bytes(f"{night.root}/index.html", b"")
    links = [a.attributes["href"] for a in parse(uri.read_text()).all("a") if a.attributes["href"][0] != "#"]
    assert len(links) > 10
    for link in links:
        assert Path(posixpath.normpath(uri.parent / unquote(link))).is_file(), link


@pytest.mark.parametrize("field", ["title", "product_id", "image_id", "category", "reason"])
def test_hostile_words_of_a_feed_stay_words(empty_night: Any, parse: Any, field: str) -> None:
    empty_night.add_image(1, "restyled")
    harmless = {element.tag for element in parse(_report_with(empty_night)).elements}
    for number, outcome in ((2, "kept_original"), (3, "restyled")):
        empty_night.add_image(number, outcome, **{field: f"{HOSTILE}\x00\x1b"})
    page = parse(_report_with(empty_night))
    assert page.unbalanced == []
    assert {element.tag for element in page.elements} <= harmless | {"h3", "span", "ul"}
    assert not page.all("script")
    assert "onerror" not in {name for element in page.elements for name in element.attributes}
    assert page.text.count("alert(1)") >= 2
    assert "\x00" not in page.text
    assert "{{ 7*7 }}" in page.text


def test_hostile_dead_letters_and_links_stay_words(empty_night: Any, parse: Any) -> None:
    empty_night.add_image(1, "restyled", image_uri="javascript:alert(1)")
    hostile = dict.fromkeys(("product_id", "image_id", "image_uri", "stage", "reason", "message"), HOSTILE)
    hostile["message"] += "\u2028\u202e\ud800"
    empty_night.write([DeadLetter(**hostile)], dead_letters_by_reason={HOSTILE: 1}, seconds={HOSTILE: 1.0})
    page = parse(empty_night.report())
    assert page.unbalanced == []
    assert not page.all("script")
    assert all(a.attributes["href"].startswith(("#", ".")) for a in page.all("a"))


def _report_with(night: Any) -> str:
    night.write()
    return str(night.report())


def test_blocked_run_shows_what_failed_and_what_stays(empty_night: Any, parse: Any) -> None:
    for number in range(3):
        empty_night.add_image(number, "kept_original" if number else "restyled")
    empty_night.write(status="blocked")
    page = parse(empty_night.report())
    assert page.all("h1")[0].text == "Nothing was published: 2 of 3 restyled images (67%) failed the fidelity gate."
    assert "2026-11-22-ba9876543210" in page.text
    assert len([pill for pill in page.all("span") if pill.text == "failed the gate"]) == 2
    assert page.text.count("Rejected attempt") == 2
    assert "Kept originals" not in page.text


def test_missed_figures_are_marked_with_their_threshold(night: Any, parse: Any) -> None:
    page = parse(night.report())
    missed = [element.text for element in page.all("span") if element.attributes.get("class") == "miss"]
    assert missed == ["0.610"] * 4  # two kept originals, in their pair and in the table
    assert page.text.count("gate 0.7") >= 2


def test_source_that_changed_since_is_not_shown_as_before(night: Any, parse: Any) -> None:
    row = night.rows[0]
    Path(row.image_uri).write_bytes(Path(night.rows[1].image_uri).read_bytes())
    assert "This picture cannot be shown: changed-since-snapshot." in parse(night.report()).text


def test_kept_original_is_shown_from_its_object_when_the_feed_has_lost_it(night: Any, parse: Any) -> None:
    Path(night.rows[-1].image_uri).unlink()
    assert "cannot be shown" not in parse(night.report()).text


def test_everything_optional_may_be_missing(night: Any, parse: Any) -> None:
    for uri in (night.run.verdicts, night.run.results, night.paths.release_rows(night.summary()["release_id"])):
        Path(f"{uri}.json").unlink()
    for reference in (night.home / "look").iterdir():
        reference.unlink()
    Path(night.night.ingest_dead_letters).unlink()
    night_summary = json.loads(Path(night.run.summary).read_bytes())
    for name in ("seconds", "started_at", "finished_at", "dead_letters_by_reason"):
        del night_summary[name]
    Path(night.run.summary).write_text(json.dumps(night_summary))
    page = parse(night.report())
    assert page.unbalanced == []
    assert page.all("img") == []
    for sentence in (
        "The gate's verdicts of this run are gone",
        "The release's rows are gone",
        "The references folder holds no readable pictures any more.",
        "The stages left no times.",
        "There are no pictures to show.",
        "Listed: 0 of 1.",
        "The summary names no model.",
        "The run stored none; these are the settings at the time of this report.",
    ):
        assert sentence in page.text


def test_kept_original_without_its_attempt_says_so(night: Any, parse: Any) -> None:
    Path(f"{night.run.results}.json").unlink()
    assert parse(night.report()).text.count("The attempt is not stored any more.") == 2


def test_stored_configuration_is_shown_for_this_brand_alone(night: Any, parse: Any) -> None:
    stored = {"shop": {"shop": "northwind"}, "brands": {"inkwell": {"strength": 0.125}, "secret-brand": {}}}
    storage.write_bytes(night.run.configuration, json.dumps(stored).encode())
    page = parse(night.report())
    assert json.loads(page.all("pre")[0].text) == {**stored, "brands": {"inkwell": {"strength": 0.125}}}
    assert "As stored with the run." in page.text


def test_same_artifacts_give_the_same_bytes(night: Any) -> None:
    assert night.report() == night.report()


def test_stays_small_whatever_comes(empty_night: Any, parse: Any) -> None:
    row = empty_night.add_image(0, "restyled")
    noise = np.random.default_rng(0).integers(0, 256, (320, 320, 3), dtype=np.uint8)
    Path(row.object_uri).write_bytes(encode_image(noise, None, EncodeOptions("png")))
    long = "<&" * 2_000
    for number in range(1, 700):
        empty_night.rows.append(_renamed(row, f"{number}{long}", long))
    empty_night.verdicts.clear()
    empty_night.write([empty_night.dead_letter(n, message=long, image_id=f"{n}{long}") for n in range(1_000)])
    text = empty_night.report()
    assert len(text.encode()) < 6_000_000
    page = parse(text)
    assert "Listed: 300 of 1,000." in page.text
    pairs = len(page.all("figure")) // 2
    assert 20 < pairs < 80
    assert f"Shown: {pairs} of 700 images" in page.text


def _renamed(row: Any, image_id: str, words: str) -> Any:
    return replace(row, product_id=image_id, image_id=image_id, title=words, category=words, reason=words)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("unchanged", "Shops still read release 2026-11-23-0123456789ab."),
        ("backfilled", "can be made current; shops still read 2026-11-22-ba9876543210."),
    ],
)
def test_other_outcomes_have_their_own_words(night: Any, parse: Any, status: str, sentence: str) -> None:
    night.write([night.dead_letter()], status=status)
    assert sentence in parse(night.report()).text


def test_training_of_the_model_is_found_by_its_bundle(night: Any, parse: Any) -> None:
    description = json.dumps({"created_by": "train --fast", "architecture": {"version": 3}}).encode()
    sha256 = hashlib.sha256(description).hexdigest()
    training = night.paths.training_run("0123456789abcdef")
    storage.write_bytes(f"{night.paths.bundle(sha256)}/model.json", description)
    storage.write_bytes(f"{training}/bundle/model.json", description)
    storage.write_bytes(f"{training}/metrics.jsonl", b'{"style": 9.0}\n{"style": 0.5, "images": 4000}\n')
    for name, width in (("curves", 2000), ("previews/epoch-900", 90), ("previews/epoch-1000", 30)):
        storage.write_bytes(f"{training}/{name}.png", _grey(width))
    storage.write_bytes(f"{training}/evaluation/sheet.png", _grey(40))
    blessing = {"blessed": True, "reasons": ["within limits"], "numbers": {"candidate": {"hand_seen": 2.25}}}
    storage.write_bytes(f"{training}/evaluation/blessing.json", json.dumps(blessing).encode())
    storage.write_bytes(f"{night.paths.training_run('another')}/curves.png", _grey(50))
    night.write([night.dead_letter()], model_sha256=sha256)
    page = parse(night.report())
    sheets = [image.attributes["width"] for image in page.all("img") if image.attributes.get("class") == "sheet"]
    assert sheets == ["1100", "30", "40"]
    for words in ("train --fast", "version 3", "hand_seen", "2.25", "Blessing: within limits.", "0.5", "4,000"):
        assert words in page.text


def test_model_whose_training_is_gone_keeps_its_blessing(night: Any, parse: Any) -> None:
    sha256 = "ab" * 32
    blessing = {"blessed": True, "reasons": ["within limits"], "numbers": {"candidate": {"hand_seen": 2.25}}}
    pointer = {"bundle_sha256": sha256, "training_key": "gone", "blessing": blessing, "serial": 1}
    storage.write_bytes(night.paths.blessed, json.dumps(pointer).encode())
    night.write([night.dead_letter()], model_sha256=sha256)
    page = parse(night.report())
    assert "The training that made this model is not stored here any more." in page.text
    assert "Blessing: within limits." in page.text


def _grey(width: int) -> bytes:
    return encode_image(np.full((8, width, 3), 200, np.uint8), None, EncodeOptions("png"))


def test_images_that_could_not_be_measured_stay_out_of_the_histograms(empty_night: Any, parse: Any) -> None:
    empty_night.add_image(0, "restyled")
    empty_night.add_image(1, "kept_original", ms_ssim=0.0, reason="wrong-size")
    empty_night.verdicts[1] = replace(empty_night.verdicts[1], edge_f1=0.0, white_kept=0.0)
    empty_night.write()
    page = parse(empty_night.report())
    labels = [
        svg.attributes["aria-label"]
        for svg in page.all("svg")
        if "Distribution" in svg.attributes.get("aria-label", "")
    ]
    assert len(labels) == 3
    assert labels[0] == "Distribution of MS-SSIM over 1 image, median 0.910"
    assert "The restyled picture has another size than its original." in page.text


def test_times_of_shared_stages_come_before_the_runs_own(night: Any, parse: Any) -> None:
    log = Path(night_progress(night.root, night.run.date, "preprocess"))
    log.parent.mkdir(parents=True)
    log.write_text(json.dumps({"stage": "preprocess", "total": 9, "at": 1000.0}) + "\n")
    os.utime(log, (1090.0, 1090.0))
    cells = [cell.text for cell in parse(night.report()).all("td")]
    assert cells[:2] == ["preprocess", "90.0 s"]
    assert "restyle" in cells


def test_job_prints_where_the_pages_are(night: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings = str(night.shop.source)
    arguments = ["--settings", settings, "--brand", "inkwell", "--date", night.run.date, "--run-id", night.run.run_id]
    assert main(arguments) == 0
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert printed["report"] == night.run.report
    assert printed["report_bytes"] == Path(night.run.report).stat().st_size
    assert Path(printed["index"]).is_file()


def test_run_without_a_summary_is_an_error(night: Any) -> None:
    with pytest.raises(MissingArtifact, match="run publish first"):
        write_report(night.shop, "inkwell", night.run.date, "another-run")


def test_unknown_brand_is_an_error(night: Any, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--settings", str(night.shop.source), "--brand", "nobody", "--date", night.run.date, "--run-id", "r"]
    assert main(arguments) == SettingsError.exit_code
    assert "nobody" in capsys.readouterr().err


def test_altered_rows_are_not_shown(night: Any, parse: Any) -> None:
    rows = Path(night.paths.release_rows(night.summary()["release_id"]))
    rows.write_bytes(rows.read_bytes() + b" ")
    assert tables.artifact_info(str(rows)) is not None
    assert "The release's rows are gone" in parse(night.report()).text
