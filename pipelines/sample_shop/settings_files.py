"""Settings files of the sample shop: what a real shop's look like."""

from __future__ import annotations

from pathlib import Path

SHOP = """\
# yaml-language-server: $schema=docs/schemas/shop.json
shop: sample-shop
feed:
  uri: feed/products.csv        # or feed/{date}.csv, .jsonl, .parquet, a folder, gs://...
output_uri: out
brands:
  - brands/inkwell/brand.yaml
  - brands/gouache/brand.yaml
schedule: "0 2 * * *"           # every night at two, UTC
"""

BRAND = """\
brand: {name}
references_uri: references      # this brand's look, in pictures
strength: 1.0
colour: {colour}
output: {{format: jpeg, quality: 92}}
training: {{preset: quick, hand: {hand}}}
gate: {{preset: illustrative}}
"""

BRANDS = {"inkwell": {"colour": "keep-hue", "hand": 3.0}, "gouache": {"colour": "full", "hand": 2.0}}


def write_settings(root: Path) -> Path:
    """Write shop.yaml and a brand.yaml beside each brand's references; returns the shop's file.

    Files that are there already are left alone: they are the user's.
    """
    shop = root / "shop.yaml"
    texts = {shop: SHOP}
    texts |= {
        root / "brands" / name / "brand.yaml": BRAND.format(name=name, **values) for name, values in BRANDS.items()
    }
    for file, text in texts.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.write_text(text)
    return shop
