from __future__ import annotations

import pytest

from pipelines.monitor.links import relative_link


@pytest.mark.parametrize("root", ["/shop", "/shop/", "gs://bucket/shop"])
def test_links_are_relative_and_quoted(root: str) -> None:
    base = root.rstrip("/")
    page = f"{base}/runs/2026-11-23/report.html"
    assert relative_link(page, f"{base}/objects/a b?#%.jpg", root) == "../../objects/a%20b%3F%23%25.jpg"
    assert relative_link(f"{base}/index.html", f"{base}/runs/x.html", root) == "./runs/x.html"


@pytest.mark.parametrize(
    "target",
    ["javascript:alert(1)", "https://example.com/a.jpg", "/shopping/a.jpg", "/elsewhere/a.jpg", "/shop/../etc/a", ""],
)
def test_nothing_outside_the_root_is_linked(target: str) -> None:
    assert relative_link("/shop/report.html", target, "/shop") == ""


def test_a_colon_in_a_name_is_no_scheme() -> None:
    assert relative_link("/shop/index.html", "/shop/javascript:alert(1)", "/shop") == "./javascript%3Aalert%281%29"
