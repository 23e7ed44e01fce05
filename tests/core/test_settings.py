from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tiny_shop import TinyShop

from pipelines.core.errors import SettingsError
from pipelines.core.settings import GATE_PRESETS, BrandSettings, GateThresholds, Shop, json_schema, load_shop

SCHEMAS = Path(__file__).parents[2] / "docs/schemas"
MakeShop = Callable[..., TinyShop]


def refused(load: Callable[[], object]) -> str:
    with pytest.raises(SettingsError) as caught:
        load()
    return str(caught.value)


def test_defaults_and_resolved_uris(tiny_shop: MakeShop) -> None:
    made = tiny_shop(brands=("inkwell", "gilded"))
    shop = made.load()
    assert shop.settings.feed.uri == str(made.root / "feed.csv")
    assert shop.settings.output_uri == str(made.root / "out")
    assert list(shop.brands) == ["inkwell", "gilded"]
    assert shop.brand("gilded").references_uri == str(made.root / "references/gilded")
    brand = shop.brand("inkwell")
    assert (brand.strength, brand.background_strength, brand.colour, brand.background) == (
        1.0,
        None,
        "keep-hue",
        "keep",
    )
    assert shop.settings.schedule == "0 2 * * *"
    assert shop.settings.images.max_bytes == 32 * 2**20


def test_file_and_gs_uris(tiny_shop: MakeShop) -> None:
    made = tiny_shop()
    shop = made.configure(feed={"uri": "gs://shop/feeds/{date}.csv"}, output_uri="file:///data/out%20put")
    assert shop.settings.feed.uri == "gs://shop/feeds/{date}.csv"
    assert shop.settings.output_uri == "/data/out put"
    shop = made.configure_brand("inkwell", references_uri="gs://shop/references/inkwell/")
    assert shop.brand("inkwell").references_uri == "gs://shop/references/inkwell"


def test_references_are_relative_to_the_brand_file(tiny_shop: MakeShop) -> None:
    made = tiny_shop()
    (made.root / "brands").mkdir()
    (made.root / "brands/own.yaml").write_text(yaml.safe_dump({"brand": "own", "references_uri": "../art"}))
    shop = made.configure(brands=["brands/own.yaml"])
    assert shop.brand("own").references_uri == str(made.root / "art")


def test_an_unknown_key_names_file_key_and_the_known_ones(tiny_shop: MakeShop) -> None:
    made = tiny_shop()
    message = refused(lambda: made.configure(images={"max_byte": 3}))
    assert message.startswith(f"{made.file}: images.max_byte: unknown key, expected one of max_bytes, max_pixels")
    assert "received 3" in message
    made.configure(images={})
    message = refused(lambda: made.configure_brand("inkwell", strenght=0.5))
    assert message.startswith(f"{made.root / 'inkwell.yaml'}: strenght: unknown key, expected one of ")
    assert "strength" in message


@pytest.mark.parametrize(
    ("change", "where", "expected", "received"),
    [
        ({"strength": "strong"}, "strength", "valid number", "'strong'"),
        ({"strength": 1.5}, "strength", "less than or equal to 1", "1.5"),
        ({"strength": float("nan")}, "strength", "", "nan"),
        ({"colour": "sepia"}, "colour", "'keep-hue', 'full' or 'luminance'", "'sepia'"),
        ({"output": {"quality": 10}}, "output.quality", "greater than or equal to 50", "10"),
        ({"brand": "Ink Well"}, "brand", "match pattern", "'Ink Well'"),
        ({"brand": "../inkwell"}, "brand", "match pattern", "'../inkwell'"),
        ({"schema_version": 2}, "schema_version", "1", "2"),
        ({"output": ["jpeg"]}, "output", "valid dictionary", "['jpeg']"),
        ({"references_uri": None}, "references_uri", "valid string", "None"),
        ({"references_uri": "http://x/y"}, "references_uri", "expected a relative path, file:// or gs://", "http://"),
    ],
)
def test_a_wrong_value_names_file_key_expected_and_received(
    tiny_shop: MakeShop, change: dict[str, Any], where: str, expected: str, received: str
) -> None:
    made = tiny_shop()
    message = refused(lambda: made.configure_brand("inkwell", **change))
    assert message.startswith(f"{made.root / 'inkwell.yaml'}: {where}: ")
    assert expected in message
    assert f"received {received}" in message
    assert "\n" not in message


def test_all_problems_are_told_at_once(tiny_shop: MakeShop) -> None:
    message = refused(lambda: tiny_shop().configure_brand("inkwell", strength=3, colour="sepia"))
    assert "strength: " in message
    assert "colour: " in message


def test_a_missing_key_is_named(tiny_shop: MakeShop) -> None:
    made = tiny_shop()
    del made.settings["feed"]
    assert refused(made.configure) == f"{made.file}: feed: expected a value, the key is missing"


def test_unknown_feed_columns(tiny_shop: MakeShop) -> None:
    message = refused(lambda: tiny_shop().configure(feed={"uri": "feed.csv", "columns": {"price": "cost"}}))
    assert "feed.columns: " in message
    assert "received ['price']" in message


def test_a_long_value_is_cut(tiny_shop: MakeShop) -> None:
    assert len(refused(lambda: tiny_shop().configure(shop="x" * 5000))) < 600


def test_missing_files_are_named(tiny_shop: MakeShop, tmp_path: Path) -> None:
    assert str(tmp_path / "none.yaml") in refused(lambda: load_shop(tmp_path / "none.yaml"))
    made = tiny_shop()
    assert str(made.root / "none.yaml") in refused(lambda: made.configure(brands=["none.yaml"]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1", "not valid YAML"),
        ("", "received NoneType"),
        ("- a", "received list"),
        ("a: !!python/object:x {}", "not valid"),
    ],
)
def test_files_that_are_not_settings(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "shop.yaml").write_text(text)
    message = refused(lambda: load_shop(tmp_path / "shop.yaml"))
    assert message.startswith(f"{tmp_path / 'shop.yaml'}: ")
    assert expected in message
    assert "\n" not in message


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_bytes(b"shop: \xff\xfe")
    assert "cannot be read" in refused(lambda: load_shop(tmp_path / "shop.yaml"))
    assert "cannot be read" in refused(lambda: load_shop(tmp_path))


def test_two_files_of_one_brand(tiny_shop: MakeShop) -> None:
    made = tiny_shop()
    (made.root / "twin.yaml").write_text((made.root / "inkwell.yaml").read_text())
    message = refused(lambda: made.configure(brands=["inkwell.yaml", "twin.yaml"]))
    assert f"{made.root / 'twin.yaml'}: brand 'inkwell' is already defined" in message


def test_an_unknown_brand_names_the_known(tiny_shop: MakeShop) -> None:
    shop: Shop = tiny_shop(brands=("inkwell", "gilded")).load()
    assert "expected a brand among inkwell, gilded, received 'inkwel'" in refused(lambda: shop.brand("inkwel"))


BASE = {"brand": "inkwell", "references_uri": "/art"}


def recipe(**changes: Any) -> str:
    return BrandSettings.model_validate({**BASE, **changes}).recipe_sha256()


@pytest.mark.parametrize(
    "change",
    [
        {"strength": 0.5},
        {"background_strength": 0.1},
        {"background": "colour"},
        {"background": "texture"},
        {"background": "colour", "background_colour": "#f0e8dd"},
        {"mix": {"inkwell": 0.5, "gilded": 0.5}},
        {"mix": {"inkwell": 0.5, "gilded": 0.4}},
        {"mix": {"inkwell/poster.jpg": 1}},
        {"regions": [{"box": [0, 0, 0.5, 1], "mix": {"gilded": 1}}]},
        {"regions": [{"mask": "sleeve", "mix": {"gilded": 1}, "category": "shirts"}]},
        {"models": [{"uri": "/m", "sha256": "a" * 64}]},
        {"colour": "full"},
        {"output": {"format": "webp"}},
        {"output": {"quality": 80}},
        {"gate": {"preset": "illustrative"}},
        {"gate": {"min_ms_ssim": 0.71}},
        {"gate": {"min_white_kept": 0.9}},
        {"gate": {"min_text_kept": 0.6}},
        {"gate": {"max_colour_drift": 9}},
        {"gate": {"max_views_drift": 9}},
        {"gate": {"retry_strengths": []}},
        {"gate": {"retry_strengths": [0.5]}},
    ],
)
def test_what_decides_the_output_changes_the_recipe(change: dict[str, Any]) -> None:
    assert recipe(**change) != recipe()


@pytest.mark.parametrize(
    "change",
    [
        {"strength": 1},
        {"background_strength": 0.0},
        {"brand": "gilded"},
        {"references_uri": "/other"},
        {"training": {"preset": "fine", "minutes": 5, "seed": 3}},
        {"gate": {"max_failed_share": 0.9}},
        {"gate": {"preset": "photographic", "min_ms_ssim": 0.70}},
        {"output": {"public_base_url": "https://cdn.example"}},
        {"gate": {"retry_strengths": [0.6, 0.3]}},
    ],
)
def test_nothing_else_changes_the_recipe(change: dict[str, Any]) -> None:
    assert recipe(**change) == recipe()


def thresholds(**changes: Any) -> GateThresholds:
    return BrandSettings.model_validate({**BASE, **changes}).thresholds()


def test_thresholds_are_those_of_the_preset_with_what_the_brand_overrides() -> None:
    assert thresholds() == GATE_PRESETS["photographic"]
    assert thresholds(gate={"preset": "illustrative"}) == GATE_PRESETS["illustrative"]
    own = {"min_ms_ssim": 0.1, "min_edge_f1": 0.2, "min_white_kept": 0.3, "min_text_kept": 0.4}
    own |= {"max_colour_drift": 50.0, "max_views_drift": 60.0}
    assert thresholds(gate=own).numbers == own
    assert json.loads(thresholds(gate=own).to_json()) == {**own, "colour": "keep-hue"}


def test_white_is_waived_where_the_background_is_restyled_unless_the_brand_says_so() -> None:
    assert thresholds(background_strength=0.5).min_white_kept == 0.0
    assert thresholds(background="texture").min_white_kept == 0.0
    assert thresholds(background="texture", gate={"min_white_kept": 0.9}).min_white_kept == 0.9
    assert thresholds(background="texture", background_strength=0).min_white_kept == 0.995


@pytest.mark.parametrize(
    ("brand", "region", "judged_by"),
    [
        ("luminance", None, "luminance"),
        ("luminance", "keep-hue", "keep-hue"),
        ("full", "luminance", "full"),
        ("keep-hue", "full", "full"),
    ],
)
def test_a_picture_promises_no_more_than_its_loosest_part(brand: str, region: str | None, judged_by: str) -> None:
    part = {"box": [0, 0, 1, 0.5], "mix": {"gilded": 1}, "colour": region}
    assert thresholds(colour=brand, regions=[part]).colour == judged_by
    assert thresholds(colour=brand).colour == brand


@pytest.mark.parametrize("strengths", [[1.0], [0.0], [0.3, 0.6], [0.5, 0.5]])
def test_strengths_of_retries_fall_below_one(tiny_shop: MakeShop, strengths: list[float]) -> None:
    made = tiny_shop()
    assert "gate.retry_strengths" in refused(
        lambda: made.configure_brand("inkwell", gate={"retry_strengths": strengths})
    )


def test_only_the_ratio_of_a_mix_counts_and_only_the_hash_of_a_model() -> None:
    assert recipe(mix={"a": 1, "b": 3}) == recipe(mix={"b": 0.75, "a": 0.25})
    here, there = ({"models": [{"uri": uri, "sha256": "a" * 64}]} for uri in ("/m", "gs://bucket/m"))
    assert recipe(**here) == recipe(**there)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"background": "black"}, "background: "),
        ({"background_colour": "cream"}, "background_colour: "),
        ({"mix": {"gilded": 0}}, "mix.gilded: "),
        ({"regions": [{"mix": {"gilded": 1}}]}, "expected either mask or box, received neither"),
        ({"regions": [{"mask": "a", "box": [0, 0, 1, 1], "mix": {"gilded": 1}}]}, "received both"),
        ({"regions": [{"box": [0.5, 0, 0.5, 1], "mix": {"gilded": 1}}]}, "top < bottom"),
        ({"regions": [{"mask": "../a", "mix": {"gilded": 1}}]}, "regions.0.mask: "),
        (
            {"regions": [{"mask": "a", "mixed": {}}]},
            "regions.0.mixed: unknown key, expected one of mask, box, category",
        ),
        ({"regions": [{"mask": "a", "mix": {}}]}, "regions.0.mix: "),
        ({"models": [{"uri": "m", "sha256": "latest"}]}, "models.0.sha256: "),
    ],
)
def test_looks_that_make_no_sense(tiny_shop: MakeShop, change: dict[str, Any], message: str) -> None:
    made = tiny_shop()
    assert message in refused(lambda: made.configure_brand("inkwell", **change))


def test_quality_means_nothing_to_png() -> None:
    assert recipe(output={"format": "png", "quality": 60}) == recipe(output={"format": "png"})


def test_the_resolved_configuration_is_plain_json(tiny_shop: MakeShop) -> None:
    resolved = tiny_shop().load().resolved()
    assert json.loads(json.dumps(resolved)) == resolved
    assert resolved["brands"]["inkwell"]["gate"]["max_failed_share"] == 0.2


@pytest.mark.parametrize("kind", ["shop", "brand"])
def test_the_committed_schema_is_up_to_date(kind: Any) -> None:
    committed = json.loads((SCHEMAS / f"{kind}.json").read_text())
    assert committed == json_schema(kind), f"regenerate: .venv/bin/restyle schema {kind} > docs/schemas/{kind}.json"


def test_hosts_and_networks_of_links(tiny_shop: MakeShop) -> None:
    made = tiny_shop()
    http = {
        "allowed_hosts": ["Images.Example.com", "*.cdn.example.com", "10.0.0.7", "xn--bcher-kva.example"],
        "allowed_networks": ["10.0.0.0/8", "fd00::/8"],
    }
    found = made.configure(feed={"uri": "feed.csv", "http": http}).settings.feed.http
    assert found.allowed_hosts[0] == "images.example.com"
    assert json.loads(json.dumps(found.resolved()))["allowed_ports"] == [80, 443]


@pytest.mark.parametrize(
    ("http", "message"),
    [
        ({"allowed_hosts": ["*"]}, "feed.http.allowed_hosts: "),
        ({"allowed_hosts": ["*.com"]}, "received '*.com'"),
        ({"allowed_hosts": ["https://images.example.com"]}, "expected host names such as images.example.com"),
        ({"allowed_hosts": ["images.example.com:8080"]}, "feed.http.allowed_hosts: "),
        ({"allowed_hosts": ["a.*.example.com"]}, "feed.http.allowed_hosts: "),
        ({"allowed_hosts": [""]}, "feed.http.allowed_hosts: "),
        ({"allowed_networks": ["intranet"]}, "feed.http.allowed_networks: "),
        ({"allowed_networks": ["10.0.0.1/8"]}, "has host bits set"),
        ({"allowed_ports": [0]}, "feed.http.allowed_ports.0: "),
        ({"deadline_s": 0}, "feed.http.deadline_s: "),
    ],
)
def test_links_that_no_setting_can_mean(tiny_shop: MakeShop, http: dict[str, Any], message: str) -> None:
    made = tiny_shop()
    assert message in refused(lambda: made.configure(feed={"uri": "feed.csv", "http": http}))


@pytest.mark.parametrize(
    "url", ["cdn.example", "ftp://cdn.example", "https://", "https://cdn.example/a?b", "https://a b"]
)
def test_a_public_base_url_is_a_url(tiny_shop: MakeShop, url: str) -> None:
    made = tiny_shop()
    message = refused(lambda: made.configure_brand("inkwell", output={"public_base_url": url}))
    assert "output.public_base_url: " in message
