"""The dataset's folder, so that `tfds.builder_from_directory` opens it: shards under TFDS's names, two JSON files.

Written by hand, because TensorFlow Datasets imports TensorFlow; a test compares them with what
`tfds.folder_dataset.write_metadata` writes. TFDS names all shards of a split by one template, so none can carry a hash
of its own there: shards lie under their hashes in a folder that all dates share (`pipelines.preprocess.shards`) and are
linked, or copied within the storage, to the names that TFDS expects.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from pipelines.core import storage
from pipelines.core.uris import join
from pipelines.preprocess.splits import SPLIT_BOUNDS, Shard

DATASET_NAME: Final = "catalog"
DATASET_VERSION: Final = "1.0.0"
DATASET_INFO: Final = "dataset_info.json"
FEATURES_INFO: Final = "features.json"
STORAGE_THREADS: Final = 16
_DESCRIPTION: Final = "Product images of one night's catalog at training size, with product weights."
_FEATURES: Final = "tensorflow_datasets.core.features"
_TEMPLATE: Final = re.compile(r"\{DATASET\}-([0-9a-f]+)-\{SPLIT\}\.\{FILEFORMAT\}-\{SHARD_X_OF_Y\}")


@dataclass(frozen=True)
class ShardFile:
    """A stored shard: where, how many examples, how many bytes the examples have (frames of the file not counted)."""

    shard: Shard
    uri: str
    examples: int
    example_bytes: int


@dataclass(frozen=True)
class SplitFiles:
    """Files of one split as `dataset_info.json` tells them. `edition` stands for what they hold."""

    split: str
    edition: str
    lengths: tuple[int, ...]

    def name(self, index: int) -> str:
        """File name of a shard."""
        return _name(Shard(self.split, index, len(self.lengths)), self.edition)


def publish_dataset(folder: str, files: Sequence[ShardFile]) -> bytes:
    """Put the shards into the dataset's folder, `dataset_info.json` last; returns its content.

    Names change with what the files hold: readers of an earlier edition go on reading that. Splits without an example
    are left out.

    Raises:
        FileNotFoundError: a shard is gone from the store.
    """
    filled = {file.shard.split for file in files if file.examples}
    kept = [file for file in files if file.shard.split in filled]
    editions = _editions(kept)
    _copy_all((file.uri, join(folder, _name(file.shard, editions[file.shard.split]))) for file in kept)
    info = _dataset_info(kept, editions)
    storage.write_bytes(join(folder, FEATURES_INFO), features_info())
    storage.write_bytes(join(folder, DATASET_INFO), info)
    return info


def take_over_dataset(source: str, target: str) -> bytes:
    """The same dataset in another folder; returns its `dataset_info.json`.

    Raises:
        FileNotFoundError: the source is not complete.
    """
    info = storage.read_bytes(join(source, DATASET_INFO))
    _copy_all((join(source, name), join(target, name)) for name in file_names(info))
    storage.write_bytes(join(target, FEATURES_INFO), features_info())
    storage.write_bytes(join(target, DATASET_INFO), info)
    return info


def split_files(info: bytes) -> dict[str, SplitFiles]:
    """Splits of a `dataset_info.json` of ours.

    Raises:
        ValueError: it is of another make.
    """
    found = {}
    for split in json.loads(info)["splits"]:
        template = _TEMPLATE.fullmatch(split["filepathTemplate"])
        if template is None:
            raise ValueError(f"dataset_info.json: expected a template of ours, received {split['filepathTemplate']!r}")
        lengths = tuple(map(int, split["shardLengths"]))
        found[split["name"]] = SplitFiles(split["name"], template[1], lengths)
    return found


def file_names(info: bytes) -> list[str]:
    """Names of all shards of a `dataset_info.json`."""
    return [files.name(index) for files in split_files(info).values() for index in range(len(files.lengths))]


def split_lengths(info: bytes) -> dict[str, int]:
    """Examples in each split."""
    found = split_files(info)
    return {split: sum(found[split].lengths) if split in found else 0 for split in SPLIT_BOUNDS}


def features_info() -> bytes:
    """Content of `features.json`.

    image: uint8 [H, W, 3] sRGB, JPEG; weights: uint8 [H, W, 1], PNG, 255 is product; the rest is text.
    """
    text = {"pythonClassName": f"{_FEATURES}.text_feature.Text", "text": {}}
    features = {
        "category": text,
        "image": _image(channels=3, encoding="jpeg"),
        "image_id": text,
        "product_id": text,
        "source_sha256": text,
        "weights": _image(channels=1, encoding="png"),
    }
    return _json(
        {
            "featuresDict": {"features": features},
            "pythonClassName": f"{_FEATURES}.features_dict.FeaturesDict",
        }
    )


def _name(shard: Shard, edition: str) -> str:
    return f"{DATASET_NAME}-{edition}-{shard.split}.tfrecord-{shard.index:05d}-of-{shard.count:05d}"


def _editions(files: Iterable[ShardFile]) -> dict[str, str]:
    """A hash for each split, over the names of its stored shards, which stand for what they hold."""
    stored: dict[str, list[str]] = {}
    for file in sorted(files, key=lambda file: file.shard.index):
        stored.setdefault(file.shard.split, []).append(file.uri.rsplit("/", 1)[-1])
    return {split: hashlib.sha256("\n".join(names).encode()).hexdigest()[:12] for split, names in stored.items()}


def _copy_all(pairs: Iterable[tuple[str, str]]) -> None:
    with ThreadPoolExecutor(STORAGE_THREADS) as pool:
        for _ in pool.map(lambda pair: storage.copy(*pair), pairs):
            pass


def _dataset_info(files: Sequence[ShardFile], editions: Mapping[str, str]) -> bytes:
    splits = []
    for split in (split for split in SPLIT_BOUNDS if split in editions):
        members = sorted((file for file in files if file.shard.split == split), key=lambda file: file.shard.index)
        splits.append(
            {
                "filepathTemplate": f"{{DATASET}}-{editions[split]}-{{SPLIT}}.{{FILEFORMAT}}-{{SHARD_X_OF_Y}}",
                "name": split,
                "numBytes": str(sum(file.example_bytes for file in members)),
                "shardLengths": [str(file.examples) for file in members],
            }
        )
    return _json(
        {
            "description": _DESCRIPTION,
            "fileFormat": "tfrecord",
            "name": DATASET_NAME,
            "splits": splits,
            "version": DATASET_VERSION,
        }
    )


def _image(channels: int, encoding: str) -> dict[str, Any]:
    return {
        "image": {
            "dtype": "uint8",
            "encodingFormat": encoding,
            "shape": {"dimensions": ["-1", "-1", str(channels)]},
        },
        "pythonClassName": f"{_FEATURES}.image_feature.Image",
    }


def _json(content: dict[str, Any]) -> bytes:
    return f"{json.dumps(content, indent=1, sort_keys=True)}\n".encode()
