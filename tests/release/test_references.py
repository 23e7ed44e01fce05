from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from tiny_shop import DATE, TinyShop

from pipelines.core.errors import ReferencesError
from pipelines.release import ingest
from pipelines.release.references import Reference, check_references

MakeShop = Callable[..., TinyShop]


def test_readable_references_come_with_their_hashes(tiny_shop: MakeShop) -> None:
    made = tiny_shop()
    for name in ("notes.txt", "._reference.png"):
        (made.root / "references/inkwell" / name).write_text("not a picture")
    file = made.root / "references/inkwell/reference.png"
    shop = made.load()
    assert check_references(shop.brand("inkwell"), shop.settings.images) == [
        Reference(str(file), hashlib.sha256(file.read_bytes()).hexdigest())
    ]


def test_no_references(tiny_shop: MakeShop) -> None:
    made = tiny_shop()
    (made.root / "references/inkwell/reference.png").unlink()
    shop = made.load()
    with pytest.raises(ReferencesError, match="brand inkwell: expected reference pictures") as caught:
        check_references(shop.brand("inkwell"), shop.settings.images)
    assert str(made.root / "references/inkwell") in str(caught.value)


@pytest.mark.parametrize("data", [b"<html>not found</html>", b"", b"\x89PNG\r\n\x1a\n"], ids=["html", "empty", "cut"])
def test_an_unreadable_reference_is_named_before_anything_is_written(
    tiny_shop: MakeShop, data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tiny_shop(brands=("gilded", "inkwell"))
    broken = made.root / "references/inkwell/broken.jpg"
    broken.write_bytes(data)
    before = made.files()
    assert ingest.main(["--settings", str(made.file), "--date", DATE]) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"ReferencesError: brand inkwell: {broken} cannot be used as a reference")
    assert "Replace or remove it." in message
    assert made.files() == before


def test_one_brand_may_go_ahead_alone(tiny_shop: MakeShop) -> None:
    made = tiny_shop(brands=("gilded", "inkwell"))
    (made.root / "references/inkwell/reference.png").unlink()
    assert ingest.main(["--settings", str(made.file), "--date", DATE, "--brand", "gilded"]) == 0
