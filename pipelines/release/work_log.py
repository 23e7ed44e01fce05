"""The brand's memory: what came of every work key, so that the same key is never computed twice.

Each run that computed something leaves one log, whether or not it was published. Nights look up only the keys that the
release they started from does not answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipelines.core import storage
from pipelines.core.contracts import WorkRow
from pipelines.core.partitions import bucket_of, write_partitioned
from pipelines.core.paths import BrandPaths
from pipelines.core.tables import ArtifactInfo, Part, finished_info, read_part
from pipelines.core.uris import is_remote

if TYPE_CHECKING:
    import pyarrow as pa

_INDEX_ENDING: Final = ".parquet.json"


@dataclass(frozen=True)
class Remembered:
    """What the logs know of some keys: rows with an object by work key, and how many runs failed at the others."""

    rows: dict[str, WorkRow]
    failures: dict[str, int]
    last_reasons: dict[str, str]


def write_work_log(paths: BrandPaths, run_id: str, date: str, rows: Iterable[WorkRow]) -> ArtifactInfo | None:
    """Write what a run computed; None (and nothing is written) when it computed nothing."""
    listed = sorted(rows, key=lambda row: row.work_key)
    if not listed:
        return None
    uri = paths.work(run_id, date)
    return write_partitioned(uri, paths.work_parts, listed, WorkRow, key=lambda row: row.work_key)


def work_logs(paths: BrandPaths) -> Iterator[tuple[str, ArtifactInfo]]:
    """All logs of a brand as (uri, index), oldest date first."""
    for file in storage.list_files(paths.work_logs):
        if file.endswith(_INDEX_ENDING):
            uri = file.removesuffix(".json")
            yield uri, finished_info(uri, WorkRow)


def remembered(paths: BrandPaths, keys: Sequence[str], but_run: str = "") -> Remembered:
    """Look keys up in all logs; failures of the run `but_run` itself are not counted: it is trying again."""
    found = Remembered({}, {}, {})
    if not keys:
        return found
    import pyarrow as pa

    wanted = pa.array(keys, pa.string())
    failures: Counter[str] = Counter()
    for _, info in work_logs(paths):
        for part in _parts_of(info, keys):
            for row in _matching(part, wanted):
                if row.outcome != "failed":
                    found.rows[row.work_key] = row
                elif row.computed_in_run != but_run:
                    failures[row.work_key] += 1
                    found.last_reasons[row.work_key] = row.reason
    found.failures.update(failures)
    return found


def _parts_of(info: ArtifactInfo, keys: Sequence[str]) -> list[Part]:
    if len(keys) >= info.buckets:
        return list(info.parts)
    buckets = {bucket_of(key, info.buckets) for key in keys}
    return [part for part in info.parts if part.bucket in buckets]


def _matching(part: Part, wanted: pa.Array) -> list[WorkRow]:
    """Rows of a part with one of the keys. Locally the keys' column alone is read first: most parts hold none."""
    import pyarrow.compute as pc

    if not is_remote(part.uri) and not _may_match(part.uri, wanted):
        return []
    table: pa.Table = read_part(part, WorkRow)
    hits = table.filter(pc.is_in(table.column("work_key"), value_set=wanted))
    return [WorkRow(**values) for values in hits.to_pylist()]


def _may_match(file: str, wanted: pa.Array) -> bool:
    """False only if the keys' column can be read and holds none of them; damage is left to the verified read."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        column = pq.ParquetFile(file).read(columns=["work_key"]).column(0)
    except (pa.ArrowException, OSError):
        return True
    return bool(pc.any(pc.is_in(column, value_set=wanted)).as_py())
