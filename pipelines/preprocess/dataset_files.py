"""The files around the shards, so that `tfds.builder_from_directory` opens the folder.

Written by hand, because TensorFlow Datasets imports TensorFlow; a test compares them with what
`tfds.folder_dataset.write_metadata` writes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pipelines.preprocess.splits import SPLIT_BOUNDS, Shard

DATASET_NAME: Final = "catalog"
DATASET_VERSION: Final = "1.0.0"
DATASET_INFO: Final = "dataset_info.json"
FEATURES_INFO: Final = "features.json"
_DESCRIPTION: Final = "Product images of one night's catalog at training size, with product weights."
_FEATURES: Final = "tensorflow_datasets.core.features"


@dataclass(frozen=True)
class ShardFile:
    """A written shard: how many examples, how many bytes the examples have (frames of the file not counted)."""

    shard: Shard
    examples: int
    example_bytes: int


def shard_name(shard: Shard, edition: str) -> str:
    """File name of a shard. `edition` tells the shards of one set of inputs from those of another."""
    return f"{DATASET_NAME}-{edition}-{shard.split}.tfrecord-{shard.index:05d}-of-{shard.count:05d}"


def dataset_info(files: Sequence[ShardFile], edition: str) -> bytes:
    """Content of `dataset_info.json`; splits without an example are left out."""
    splits = []
    for split in SPLIT_BOUNDS:
        members = sorted((file for file in files if file.shard.split == split), key=lambda file: file.shard.index)
        if any(file.examples for file in members):
            splits.append(
                {
                    "filepathTemplate": f"{{DATASET}}-{edition}-{{SPLIT}}.{{FILEFORMAT}}-{{SHARD_X_OF_Y}}",
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
