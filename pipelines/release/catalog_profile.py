"""What a catalog, or what came of it, is like: a few hundred counts that add up over partitions.

Everything is a count, so that profiles of parts make up that of the whole, exactly and in any order.
"""

from __future__ import annotations

import io
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, Final

from pipelines.core import storage
from pipelines.core.contracts import ImageFacts, ReleaseRow, SnapshotRow
from pipelines.core.parallel import ordered_map
from pipelines.core.paths import NightPaths
from pipelines.core.tables import Part, finished_info, read_part, read_table, table_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

SCHEMA_VERSION: Final = 1
MOST_KINDS: Final = 1000
"""Kinds that a profile tells apart; of a catalog with more the rarest are counted together."""
STORED_KINDS: Final = 100
NEUTRAL: Final = "grey"
HUES: Final = ("pink", "red or orange", "yellow", "green", "teal", "sky blue", "blue", "violet")
"""Eighths of the CIELAB hue circle, the first around 0 degrees."""
_LEAST_CHROMA: Final = 6.0
"""Chroma of a product's mean colour below which it has no hue to speak of."""


@dataclass(frozen=True)
class Scale:
    """Cells of one width; values beyond the ends count in the outermost cells."""

    first: float
    width: float
    cells: int

    def count(self, values: NDArray[np.float64]) -> tuple[int, ...]:
        """Histogram of the values."""
        import numpy as np

        places = np.floor((values - self.first) / self.width).clip(0, self.cells - 1).astype(np.int64)
        return tuple(int(count) for count in np.bincount(places, minlength=self.cells))

    def mean(self, counts: Iterable[int]) -> float:
        """Mean by the middles of the cells; NaN of no values."""
        listed = list(counts)
        total = sum(listed)
        return sum(self._middle(cell) * count for cell, count in enumerate(listed)) / total if total else math.nan

    def variance(self, counts: Iterable[int]) -> float:
        """Variance by the middles of the cells, and that within a cell."""
        listed = list(counts)
        mean, total = self.mean(listed), sum(listed)
        between = sum((self._middle(cell) - mean) ** 2 * count for cell, count in enumerate(listed)) / total
        return between + self.width**2 / 12

    @property
    def length(self) -> float:
        """From one end to the other."""
        return self.width * self.cells

    def _middle(self, cell: int) -> float:
        return self.first + self.width * (cell + 0.5)


SCALES: Final = {
    "lightness": Scale(0, 2.5, 40),
    "chroma": Scale(0, 2.5, 40),
    "longer_side_log2_px": Scale(3, 0.5, 22),
    "ms_ssim": Scale(0, 0.01, 100),
    "edge_f1": Scale(0, 0.01, 100),
    "text_kept": Scale(0, 0.01, 100),
    "strength": Scale(0, 0.01, 100),
    "white_kept": Scale(0.9, 0.001, 100),
    "colour_drift": Scale(0, 0.25, 100),
}
"""Of every measure a profile may hold. Other scales need another `SCHEMA_VERSION`."""
GATE_FIGURES: Final = ("ms_ssim", "edge_f1", "text_kept", "strength", "white_kept", "colour_drift")


@dataclass(frozen=True)
class Kinds:
    """Counts by name; `others` of those too rare to be told apart."""

    counts: Mapping[str, int] = field(default_factory=dict)
    others: int = 0

    def __add__(self, other: Kinds) -> Kinds:
        both = Counter(self.counts)
        both.update(other.counts)
        return Kinds(both, self.others + other.others).trimmed(MOST_KINDS)

    @property
    def total(self) -> int:
        """All counts."""
        return sum(self.counts.values()) + self.others

    def trimmed(self, most: int) -> Kinds:
        """The `most` frequent kinds, the others counted together."""
        ranked = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        return Kinds(dict(sorted(ranked[:most])), self.others + sum(count for _, count in ranked[most:]))


@dataclass(frozen=True)
class CatalogProfile:
    """Counts of images. Partitions that are added must not share products.

    Attributes:
        images: all of them.
        products: to which they belong.
        measures: histograms by the names of `SCALES`.
        kinds: "hue", "mask_kind", "category" of a catalog, "outcome" of a release.
    """

    images: int = 0
    products: int = 0
    measures: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    kinds: Mapping[str, Kinds] = field(default_factory=dict)

    def __add__(self, other: CatalogProfile) -> CatalogProfile:
        measures = {
            name: tuple(a + b for a, b in zip(self._cells(name), other._cells(name), strict=True))
            for name in SCALES
            if name in self.measures or name in other.measures
        }
        names = sorted({*self.kinds, *other.kinds})
        kinds = {name: self.kinds.get(name, Kinds()) + other.kinds.get(name, Kinds()) for name in names}
        return CatalogProfile(self.images + other.images, self.products + other.products, measures, kinds)

    def observations(self, counted: int) -> float:
        """How many independent observations so many counts stand for: views of a product are one."""
        return counted * self.products / self.images if self.images else 0.0

    def trimmed(self, most: int = STORED_KINDS) -> CatalogProfile:
        """With only the `most` frequent of each kinds, to be stored as a reference: a few kilobytes."""
        kinds = {name: found.trimmed(most) for name, found in self.kinds.items()}
        return CatalogProfile(self.images, self.products, self.measures, kinds)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; `from_json` gives back an equal profile."""
        return {
            "schema_version": SCHEMA_VERSION,
            "images": self.images,
            "products": self.products,
            "measures": {name: list(counts) for name, counts in self.measures.items()},
            "kinds": {
                name: {"counts": dict(found.counts), "others": found.others} for name, found in self.kinds.items()
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CatalogProfile:
        """Read what `to_json` wrote. ValueError when it is of another schema version or damaged."""
        try:
            if data["schema_version"] != SCHEMA_VERSION:
                raise ValueError(f"expected schema {SCHEMA_VERSION}, received {data['schema_version']}")
            measures = {name: tuple(map(int, data["measures"][name])) for name in SCALES if name in data["measures"]}
            wrong = [name for name, counts in measures.items() if len(counts) != SCALES[name].cells]
            if wrong or len(measures) != len(data["measures"]):
                raise ValueError(f"expected counts on the scales {', '.join(SCALES)}, received {data['measures']}")
            kinds = {
                name: Kinds({kind: int(count) for kind, count in found["counts"].items()}, int(found["others"]))
                for name, found in data["kinds"].items()
            }
            return cls(int(data["images"]), int(data["products"]), measures, kinds)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"expected a catalog profile, received something else: {error!r}") from error

    def _cells(self, name: str) -> tuple[int, ...]:
        return self.measures.get(name, (0,) * SCALES[name].cells)


def build_profile(facts: Iterable[ImageFacts], snapshot: Iterable[SnapshotRow]) -> CatalogProfile:
    """Profile of rows; `facts_profile` and `snapshot_profile` do the same for tables, without a Python object a row."""
    return facts_profile(table_of(facts, ImageFacts)) + snapshot_profile(table_of(snapshot, SnapshotRow))


def night_profile(night: NightPaths) -> CatalogProfile:
    """Profile of a night's snapshot and image facts, part by part. MissingArtifact when there are none."""
    of_facts = map(facts_profile, _parts(night.facts, ImageFacts))
    of_snapshot = map(snapshot_profile, _parts(night.snapshot, SnapshotRow))
    return reduce(add, of_snapshot, reduce(add, of_facts, CatalogProfile()))


def facts_profile(facts: pa.Table) -> CatalogProfile:
    """Brightness, colour, size and mask kind of images: an ImageFacts table, or one that has its columns."""
    import numpy as np

    lab, chroma = _statistics(facts)
    longer_px = np.maximum(_numbers(facts, "width_px"), _numbers(facts, "height_px"))
    measures = {
        "lightness": SCALES["lightness"].count(lab[:, 0]),
        "chroma": SCALES["chroma"].count(chroma),
        "longer_side_log2_px": SCALES["longer_side_log2_px"].count(np.log2(np.maximum(longer_px, 1))),
    }
    kinds = {"hue": _hues(lab[:, 1], lab[:, 2]), "mask_kind": _kinds(facts, "mask_kind")}
    return CatalogProfile(facts.num_rows, _distinct(facts, "product_id"), measures, kinds)


def snapshot_profile(snapshot: pa.Table) -> CatalogProfile:
    """Categories of a SnapshotRow table. Images and products are those of the facts: unreadable ones do not count."""
    return CatalogProfile(kinds={"category": _kinds(snapshot, "category")})


def gate_profile(rows: Iterable[ReleaseRow]) -> CatalogProfile:
    """What came of the rows of a release; `gate_profile_of` does the same for tables."""
    return gate_profile_of(table_of(rows, ReleaseRow))


def gate_profile_of(release: pa.Table) -> CatalogProfile:
    """Gate figures of the images that were measured, and how many were refused: a ReleaseRow table.

    Refused ones count among the measured, lest the gate cut off the tail that tells; blank or unreadable outputs have
    no figures.
    """
    import pyarrow.compute as pc

    measured = release.filter(pc.greater(release.column("ms_ssim"), 0))
    measures = {name: SCALES[name].count(_numbers(measured, name)) for name in GATE_FIGURES}
    outcomes = {"outcome": _kinds(release, "outcome")}
    return CatalogProfile(release.num_rows, _distinct(release, "product_id"), measures, outcomes)


def remembered_night_profile(night: NightPaths) -> CatalogProfile:
    """The same as `night_profile`; profiles of parts are kept under the parts' hashes, and made only once."""
    made = {
        "facts": (night.facts, ImageFacts, facts_profile),
        "snapshot": (night.snapshot, SnapshotRow, snapshot_profile),
    }

    def profile(entry: tuple[str, Part]) -> CatalogProfile:
        kind, part = entry
        uri = night.part_profile(part.sha256)
        try:
            return CatalogProfile.from_json(json.loads(storage.read_bytes(uri)))
        except (FileNotFoundError, ValueError):
            _, row_type, profile_of = made[kind]
            found: CatalogProfile = profile_of(read_part(part, row_type))
            storage.write_bytes(uri, json.dumps(found.to_json()).encode())
            return found

    entries = [(kind, part) for kind, (uri, row_type, _) in made.items() for part in finished_info(uri, row_type).parts]
    return reduce(add, ordered_map(profile, entries), CatalogProfile())


def _parts(uri: str, row_type: type[Any]) -> Iterator[pa.Table]:
    info = finished_info(uri, row_type)
    if info.buckets:
        yield from (read_part(part, row_type) for part in info.parts)
    else:
        yield read_table(uri, row_type)


def _statistics(facts: pa.Table) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean Lab [N, 3] and mean chroma [N] of the images that have product pixels, by Arrow's JSON reader."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import json

    if not facts.num_rows:
        return np.empty((0, 3)), np.empty(0)
    schema = pa.schema([("mean", pa.list_(pa.float64())), ("chroma", pa.float64()), ("weight", pa.float64())])
    lines = "\n".join(facts.column("statistics_json").to_pylist()).encode()
    options = json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    read = json.read_json(io.BytesIO(lines), parse_options=options)
    means = read.column("mean").combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(-1, 3)
    seen = _numbers(read, "weight") > 0
    return means[seen], _numbers(read, "chroma")[seen]


def _hues(a: NDArray[np.float64], b: NDArray[np.float64]) -> Kinds:
    import numpy as np

    coloured = np.hypot(a, b) >= _LEAST_CHROMA
    eighths = np.round(np.degrees(np.arctan2(b, a)) / 45).astype(np.int64) % len(HUES)
    counts = np.bincount(eighths[coloured], minlength=len(HUES))
    found = {hue: int(count) for hue, count in zip(HUES, counts, strict=True) if count}
    grey = int((~coloured).sum())
    return Kinds({NEUTRAL: grey, **found} if grey else found)


def _numbers(table: pa.Table, name: str) -> NDArray[np.float64]:
    import numpy as np

    values: NDArray[np.float64] = table.column(name).to_numpy().astype(np.float64)
    return values


def _kinds(table: pa.Table, name: str) -> Kinds:
    import pyarrow.compute as pc

    found = {entry["values"]: entry["counts"] for entry in pc.value_counts(table.column(name)).to_pylist()}
    return Kinds(found).trimmed(MOST_KINDS)


def _distinct(table: pa.Table, name: str) -> int:
    import pyarrow.compute as pc

    return int(pc.count_distinct(table.column(name)).as_py())
