"""Shards of the training dataset by what they hold: made once, found by any night.

A shard's name is the hash of its examples' identities and of the task that makes them. The folder that they lie in is a
cache; what is lost there is made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence

from pipelines.core import storage
from pipelines.core.uris import join
from pipelines.preprocess.dataset_files import ShardFile, SplitFiles
from pipelines.preprocess.prepare import Picture
from pipelines.preprocess.splits import Shard
from pipelines.preprocess.tfrecord import FRAME_BYTES, example_features, read_records

Identity = tuple[str, str, str, str]


def identity(picture: Picture) -> Identity:
    """What decides an example beside the task: image, product, category, bytes."""
    return picture.image_id, picture.product_id, picture.category, picture.source_sha256


def shard_uri(store: str, examples_sha256: str, held: Iterable[Identity]) -> str:
    """Where the shard that holds these examples, in this order, lies or is to be put.

    Args:
        store: folder of all shards.
        examples_sha256: of the task (`PrepareTask.examples_sha256`).
        held: identities of the examples.
    """
    lines = "".join(f"{json.dumps(one)}\n" for one in held)
    key = hashlib.sha256(f"{examples_sha256}\n{lines}".encode()).hexdigest()
    return join(store, key[:2], f"{key}.tfrecord")


def stored_shard(shard: Shard, uri: str, examples: int) -> ShardFile | None:
    """The shard, if it is in the store: its size tells the rest."""
    try:
        return ShardFile(shard, uri, examples, storage.size_bytes(uri) - FRAME_BYTES * examples)
    except FileNotFoundError:
        return None


def overlapping(earlier: SplitFiles, shard: Shard) -> Iterator[str]:
    """Names of the files of an earlier dataset that hold products of this shard, whatever their number was."""
    count = len(earlier.lengths)
    common = min(count, shard.count)
    return (earlier.name(index) for index in range(shard.index & (common - 1), count, common))


def records_in(uris: Sequence[str]) -> dict[Identity, bytes]:
    """Serialized examples of some shards. Those that are gone or damaged are passed over: they can be made again."""
    found: dict[Identity, bytes] = {}
    for uri in uris:
        try:
            for record in read_records(storage.read_bytes(uri)):
                features = example_features(record)
                names = ("image_id", "product_id", "category", "source_sha256")
                image_id, product_id, category, source_sha256 = (features[name].decode() for name in names)
                found[image_id, product_id, category, source_sha256] = record
        except (FileNotFoundError, ValueError, KeyError):
            continue
    return found
