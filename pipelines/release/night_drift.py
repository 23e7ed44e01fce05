"""Compares a night with the model's training catalog and first release, whose profiles lie beside the model."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from pipelines.core import storage
from pipelines.core.paths import BrandPaths
from pipelines.core.settings import DriftSettings
from pipelines.release.catalog_profile import CatalogProfile
from pipelines.release.drift_findings import DriftFinding, comparable, compare

SCHEMA_VERSION: Final = 1


@dataclass(frozen=True)
class NightDrift:
    """`findings`: where the night left its limits; `notes`: what could not be compared, and why."""

    findings: tuple[DriftFinding, ...]
    notes: tuple[str, ...]
    trained_on: str = ""
    first_released: str = ""

    def sentences(self) -> list[str]:
        """A line a finding, for the log and the report."""
        return [finding.sentence for finding in self.findings]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types, for the run's summary. `trained_on` and `first_released` are dates, "" if unknown."""
        return {
            "schema_version": SCHEMA_VERSION,
            "trained_on": self.trained_on,
            "first_released": self.first_released,
            "findings": [asdict(finding) for finding in self.findings],
            "notes": list(self.notes),
        }


def night_drift(
    paths: BrandPaths, model_sha256: str, catalog: CatalogProfile, gate: CatalogProfile, limits: DriftSettings
) -> NightDrift:
    """Where tonight has left what the model knows. Warns only: a profile that is missing or unreadable is a note.

    Args:
        paths: of the brand.
        model_sha256: the model bundle that tonight was restyled with.
        catalog: tonight's whole catalog (`catalog_profile.night_profile`, or the sum over its parts).
        gate: what the gate said of the images that this run computed (`catalog_profile.gate_profile_of` their rows);
            those of the whole release would hide a bad night among the reused ones.
        limits: `drift` of the shop's settings.
    """
    if not limits.enabled:
        return NightDrift((), ())
    findings: list[DriftFinding] = []
    notes: list[str] = []
    dates = []
    for uri, tonight, missing, few in (
        (paths.model_profile(model_sha256), catalog,
         "what the model was trained on is not recorded; train again to have tonight's catalog compared",
         "the catalog, tonight's or that of the training, is too small to be compared"),
        (paths.model_gate_profile(model_sha256), gate,
         "the model has no earlier release whose gate figures tonight's could be compared with",
         "too few images were computed tonight, or in the model's first release, to compare the gate's figures"),
    ):  # fmt: skip
        try:
            date, reference = _read(uri)
        except ValueError as error:
            notes.append(f"{uri}: {error}")
            dates.append("")
            continue
        dates.append(date)
        if reference is None:
            notes.append(missing)
        elif comparable(reference, tonight, limits):
            findings += compare(reference, tonight, limits)
        else:
            notes.append(few)
    return NightDrift(tuple(findings), tuple(notes), *dates)


def remember_training_profile(paths: BrandPaths, model_sha256: str, date: str, catalog: CatalogProfile) -> bool:
    """Store, once, what the catalog of the night was like that a model was trained on. False if it was there."""
    return _write(paths.model_profile(model_sha256), model_sha256, date, catalog)


def remember_gate_profile(
    paths: BrandPaths, model_sha256: str, date: str, gate: CatalogProfile, limits: DriftSettings
) -> bool:
    """Store, once, what the gate said in the first release of a model; call it when a release was published.

    A release with fewer images than are ever compared leaves the place to a later one. False if nothing was stored.
    """
    if gate.images < limits.min_images:
        return False
    return _write(paths.model_gate_profile(model_sha256), model_sha256, date, gate)


def _write(uri: str, model_sha256: str, date: str, profile: CatalogProfile) -> bool:
    values = {"bundle_sha256": model_sha256, "date": date, **profile.trimmed().to_json()}
    return storage.create_once(uri, json.dumps(values).encode())


def _read(uri: str) -> tuple[str, CatalogProfile | None]:
    """Date and profile; None when there is none. ValueError when it is damaged or of another schema version."""
    stored = storage.read_versioned(uri)
    if stored is None:
        return "", None
    values = json.loads(stored.data)
    profile = CatalogProfile.from_json(values)
    return str(values.get("date", "")), profile
