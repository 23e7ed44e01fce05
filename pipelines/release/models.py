"""The store of model bundles: folders named by their hash, and a pointer to the one that is blessed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from pipelines.core import storage
from pipelines.core.errors import MissingArtifact, ModelBundleError
from pipelines.core.paths import BrandPaths
from pipelines.core.uris import join
from pipelines.release.pointer import move_pointer, read_pointer

BUNDLE_FILES = ("weights.safetensors", "model.json")
"""In the order in which they are stored: the description, whose hash names the bundle, comes last."""


@dataclass(frozen=True)
class BlessedModel:
    """The model that nights use, and what it was trained from (`training_key`)."""

    bundle_uri: str
    bundle_sha256: str
    training_key: str


def bundle_sha256(bundle_uri: str) -> str:
    """Hash of a model bundle: sha256 of model.json, which in turn holds that of the weights."""
    try:
        return hashlib.sha256(storage.read_bytes(join(bundle_uri, "model.json"))).hexdigest()
    except FileNotFoundError:
        raise MissingArtifact(f"{bundle_uri}: expected a model bundle (model.json) here, found none.") from None


def blessed_model(paths: BrandPaths) -> BlessedModel | None:
    """The blessed model of a brand, if there is one."""
    values = read_pointer(paths.blessed).values
    if not values:
        return None
    sha256 = values["bundle_sha256"]
    return BlessedModel(paths.bundle(sha256), sha256, values["training_key"])


def store_bundle(paths: BrandPaths, source_uri: str) -> str:
    """Copy a bundle into the store under its hash; returns the hash. Storing twice changes nothing.

    Raises ModelBundleError when the weights are not those that model.json names, MissingArtifact when there are none.
    """
    sha256 = bundle_sha256(source_uri)
    try:
        files = {name: storage.read_bytes(join(source_uri, name)) for name in BUNDLE_FILES}
    except FileNotFoundError as error:
        raise MissingArtifact(f"{source_uri}: expected {' and '.join(BUNDLE_FILES)} here: {error}.") from None
    if (
        json.loads(files["model.json"]).get("weights_sha256")
        != hashlib.sha256(files["weights.safetensors"]).hexdigest()
    ):
        raise ModelBundleError(f"{source_uri}: the weights are not those that model.json names; export it again.")
    for name, data in files.items():
        storage.create_object(join(paths.bundle(sha256), name), data)
    return sha256


def bless(paths: BrandPaths, sha256: str, training_key: str, blessing: dict[str, Any]) -> None:
    """Point the brand's nights to this bundle; blessing it again for the same training changes nothing."""
    pointer = read_pointer(paths.blessed)
    if (pointer.values.get("bundle_sha256"), pointer.values.get("training_key")) == (sha256, training_key):
        return
    move_pointer(
        pointer,
        {
            "schema_version": 1,
            "bundle_sha256": sha256,
            "training_key": training_key,
            "previous": pointer.values.get("bundle_sha256", ""),
            "blessing": blessing,
        },
    )


def read_blessing(uri: str) -> dict[str, Any]:
    """The evaluation's word on a candidate: {"blessed": bool, "reasons": [...], "numbers": {...}}."""
    try:
        blessing: dict[str, Any] = json.loads(storage.read_bytes(uri))
    except FileNotFoundError:
        raise MissingArtifact(
            f"{uri}: expected the evaluation's blessing here, found none; run the evaluation."
        ) from None
    return blessing
