"""Shop and brand settings: typed, validated before any work starts, one YAML file each.

The JSON schemas under `docs/schemas` are generated from these types (`restyle schema`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from pipelines.core.errors import InputError, SettingsError
from pipelines.core.feed_settings import FeedSettings
from pipelines.core.looks import BackgroundPolicy, ColourPolicy, Look, Region, as_mix
from pipelines.core.settings_model import SettingsModel
from pipelines.core.uris import resolve_uri

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Weights = dict[str, Annotated[float, Field(gt=0, le=1e6)]]
ColourDifference = Annotated[float, Field(ge=0.0, le=100.0)]
OutputFormat = Literal["jpeg", "png", "webp"]
_FROM_LOOSE_TO_STRICT: Final[tuple[ColourPolicy, ...]] = ("full", "keep-hue", "luminance")
Settings = TypeVar("Settings", bound="SettingsModel")


class ImageLimits(SettingsModel):
    """Pictures beyond these become dead letters."""

    max_bytes: int = Field(32 * 2**20, ge=1024, le=2**30)
    max_pixels: int = Field(40_000_000, ge=4096, le=89_000_000)
    min_side_px: int = Field(8, ge=4, le=512)


class DatasetSettings(SettingsModel):
    """The training dataset that preprocessing writes."""

    short_side_px: int = Field(384, ge=64, le=1024)
    images_per_shard: int = Field(64, ge=1, le=4096, description="At most about so many; shards are a power of two.")
    max_images: int = Field(
        20_000,
        ge=1,
        le=1_000_000,
        description="At most so many, whole products by a hash of their ids; of the others the facts are measured.",
    )


class RetrySettings(SettingsModel):
    """How long the nights go on trying an image that fails."""

    max_attempts: int = Field(
        3, ge=1, le=100, description="Nights on which a failing image is tried; after that it is only listed."
    )


class RetentionSettings(SettingsModel):
    """What `restyle release prune` keeps beside the current release."""

    keep_last: int = Field(30, ge=1, description="So many of the newest releases.")
    keep_days: int = Field(30, ge=0, description="And all of so many days.")


class CostSettings(SettingsModel):
    """Rates by which a night or a backfill says beforehand what it would take."""

    currency: str = Field("USD", description="Of the rates below.")
    machine_hour: float = Field(0.0, ge=0, description="One hour of the machine that restyles.")
    thousand_writes: float = Field(0.0, ge=0, description="A thousand objects written to the storage.")
    seconds_an_image: float = Field(
        0.5, gt=0, description="To restyle and verify one image, until a night has measured it."
    )


class DriftSettings(SettingsModel):
    """When a night is said to have left what the model was trained on. A warning; it blocks nothing."""

    enabled: bool = True
    min_images: int = Field(30, ge=1, description="Fewer than so many images, or 20 products, are not compared.")
    max_psi: float = Field(
        0.25, gt=0, le=10, description="Population stability index of brightness, colours, sizes, masks, categories."
    )
    max_change: Share = Field(
        0.05,
        description="Of the share refused and of the means of the gate's figures of 0..1; of white kept a tenth of it.",
    )
    max_colour_change: float = Field(2.0, gt=0, le=100, description="Of the mean colour drift, CIEDE2000.")


class JobSettings(SettingsModel):
    """Where jobs run. `local`: processes beside Airflow's worker."""

    runner: Literal["local", "kubernetes"] = "local"
    image: str = Field("", description="Container image of the jobs; needed by `kubernetes`.")
    namespace: str = Field("default", description="Kubernetes namespace of the job pods.")
    beam_options: tuple[str, ...] = Field(
        (), description="Passed to the Beam jobs, e.g. [--runner=DataflowRunner, --region=europe-west4]."
    )

    @model_validator(mode="after")
    def _pods_have_an_image(self) -> JobSettings:
        if self.runner == "kubernetes" and not self.image:
            raise ValueError("expected jobs.image with jobs.runner: kubernetes, received none")
        return self


class ShopSettings(SettingsModel):
    """One shop: its feed, where results go, its brands."""

    schema_version: Literal[1] = 1
    shop: Name
    feed: FeedSettings
    output_uri: str = Field(description="Root of everything that is written: a local folder or gs://bucket/prefix.")
    brands: tuple[str, ...] = Field(min_length=1, description="Brand settings files, relative to this one.")
    schedule: str = Field("0 2 * * *", description="Cron expression of the nightly run, UTC.")
    images: ImageLimits = ImageLimits()
    dataset: DatasetSettings = DatasetSettings()
    jobs: JobSettings = JobSettings()
    retry: RetrySettings = RetrySettings()
    retention: RetentionSettings = RetentionSettings()
    costs: CostSettings = CostSettings()
    drift: DriftSettings = DriftSettings()


class TrainingSettings(SettingsModel):
    """How the brand's model is trained."""

    preset: str = Field("quick", description="A preset of training/presets.py.")
    init: str = Field("base", description="Where to start: base (the shipped checkpoint), none, or a bundle's folder.")
    minutes: float | None = Field(None, gt=0, le=24 * 60, description="Stop after this long; none: the preset's own.")
    hand: float = Field(1.0, ge=0.1, le=10, description="How boldly the hand is drawn: 1 for paint, 2 for line work.")
    seed: int = Field(0, ge=0, le=2**31 - 1)


class OutputSettings(SettingsModel):
    """What a restyled picture is written as."""

    format: OutputFormat = "jpeg"
    quality: int = Field(92, ge=50, le=100, description="JPEG and WebP quality.")
    public_base_url: str = Field(
        "",
        pattern=r"^(https?://[^\s?#]+)?$",
        description="Where the world finds output_uri, for the product feeds that are written: https://cdn.example.com/x"
        " stands for it. Not given: storage.googleapis.com for gs://.",
    )


class GateSettings(SettingsModel):
    """The fidelity gate. All figures are measured inside the product at no more than 512 px."""

    preset: Literal["photographic", "illustrative"] = "photographic"
    min_ms_ssim: Share | None = Field(None, description="Structure that is kept. Overrides the preset.")
    min_edge_f1: Share | None = Field(None, description="Edges that are kept, and as steep. Overrides the preset.")
    min_white_kept: Share | None = Field(None, description="White background that stays so. Overrides the preset.")
    min_text_kept: Share | None = Field(
        None, description="Legibility of the worst line of print. Overrides the preset."
    )
    max_colour_drift: ColourDifference | None = Field(
        None, description="CIEDE2000 beyond what the brand's colour policy allows. Overrides the preset."
    )
    max_views_drift: ColourDifference | None = Field(
        None, description="CIEDE2000 by which views of a product may move apart. Overrides the preset."
    )
    retry_strengths: tuple[Annotated[float, Field(gt=0.0, lt=1.0)], ...] = Field(
        (0.6, 0.3),
        description="Shares of the brand's strength, falling, at which a product that fails is tried again.",
    )
    max_failed_share: Share = Field(0.2, description="When more of a release's images fail, it is not published.")

    @field_validator("retry_strengths")
    @classmethod
    def _falling(cls, strengths: tuple[float, ...]) -> tuple[float, ...]:
        if any(following >= strength for strength, following in itertools.pairwise(strengths)):
            raise ValueError(f"expected each below the one before it, received {list(strengths)}")
        return strengths


class GateThresholds(SettingsModel):
    """What an image must reach to be published restyled. `colour`: the policy by which its colours are judged."""

    colour: ColourPolicy = "keep-hue"
    min_ms_ssim: Share
    min_edge_f1: Share
    min_white_kept: Share
    min_text_kept: Share
    max_colour_drift: ColourDifference
    max_views_drift: ColourDifference

    @property
    def numbers(self) -> dict[str, float]:
        """The thresholds alone, by name."""
        return self.model_dump(exclude={"colour"})

    def to_json(self) -> str:
        """Canonical JSON of thresholds and policy."""
        return json.dumps(self.resolved(), sort_keys=True)


GATE_PRESETS = {
    "photographic": GateThresholds(
        min_ms_ssim=0.70,
        min_edge_f1=0.70,
        min_white_kept=0.995,
        min_text_kept=0.50,
        max_colour_drift=6.0,
        max_views_drift=4.0,
    ),
    "illustrative": GateThresholds(
        min_ms_ssim=0.50,
        min_edge_f1=0.60,
        min_white_kept=0.995,
        min_text_kept=0.35,
        max_colour_drift=8.0,
        max_views_drift=6.0,
    ),
}


class RegionSettings(SettingsModel):
    """A part of the pictures that takes other brands."""

    mask: Name | None = Field(
        None, description="Part by a grey picture beside the photo: shirt.jpg has shirt.NAME.png; white is in the part."
    )
    box: tuple[Share, Share, Share, Share] | None = Field(
        None, description="Part by a box: top, left, bottom, right in shares of the picture."
    )
    category: str = Field("", description="Only for products of this category of the feed; all when empty.")
    mix: Weights = Field(min_length=1, description="Brand, or brand/reference.jpg, to weight.")
    strength: Share | None = Field(None, description="That of the brand when not given.")
    colour: ColourPolicy | None = Field(None, description="That of the brand when not given.")

    @model_validator(mode="after")
    def _one_area(self) -> RegionSettings:
        if (self.mask is None) == (self.box is None):
            raise ValueError(f"expected either mask or box, received {'both' if self.mask else 'neither'}")
        return self

    def region(self) -> Region:
        """The region that these settings describe. InputError when the box is empty."""
        return Region(self.mask or self.box or "", as_mix(self.mix), self.strength, self.colour, self.category)


class OtherModel(SettingsModel):
    """Another model bundle whose brands may be mixed in. The hash takes part in work keys."""

    uri: str = Field(description="Folder of the bundle, relative to this file, file:// or gs://.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="sha256 of its model.json.")


class ApprovalSettings(SettingsModel):
    """When a human decides whether a release is published."""

    policy: Literal["never", "first-release-of-model", "always"] = Field(
        "never", description="first-release-of-model: only when readers would see a model for the first time."
    )
    timeout_hours: float = Field(24.0, gt=0, le=24 * 14, description="No answer for so long means no.")
    approvers: tuple[str, ...] = Field(
        (), description="Airflow users who may decide; all who may edit the DAG if empty."
    )


class BrandSettings(SettingsModel):
    """One brand: its references and how far its look may go."""

    schema_version: Literal[1] = 1
    brand: Name
    references_uri: str = Field(description="Folder of reference pictures, relative to this file, file:// or gs://.")
    strength: Share = Field(1.0, description="0 leaves the product as it is, 1 is the brand's full hand.")
    background_strength: Share | None = Field(
        None,
        description="The same for what is not product: 0 where it is kept (its bytes stay), 1 where it is replaced.",
    )
    colour: ColourPolicy = Field("keep-hue", description="keep-hue: a mint shirt stays mint.")
    background: BackgroundPolicy = Field(
        "keep", description="keep: the photo's own; colour, texture: the brand's in its place, shadows stay."
    )
    background_colour: str | None = Field(
        None, pattern=r"^#[0-9a-fA-F]{6}$", description="#rrggbb for both; a light tone of the brand when not given."
    )
    mix: Weights = Field(
        default_factory=dict, description="Brand, or brand/reference.jpg, to weight; this brand alone when empty."
    )
    regions: tuple[RegionSettings, ...] = Field((), description="Parts with other brands; later ones lie on top.")
    models: tuple[OtherModel, ...] = Field((), description="Other model bundles whose brands may be mixed in.")
    output: OutputSettings = OutputSettings()
    training: TrainingSettings = TrainingSettings()
    gate: GateSettings = GateSettings()
    approval: ApprovalSettings = ApprovalSettings()

    @model_validator(mode="after")
    def _consistent_look(self) -> BrandSettings:
        try:
            self.look()
        except InputError as error:
            raise ValueError(str(error)) from error
        return self

    def look(self) -> Look:
        """The look that these settings ask for."""
        return Look(
            mix=as_mix(self.mix or {self.brand: 1.0}),
            strength=self.strength,
            background_strength=self.background_strength,
            colour=self.colour,
            background=self.background,
            background_colour=self.background_colour,
            regions=tuple(region.region() for region in self.regions),
        )

    def thresholds(self) -> GateThresholds:
        """What this brand's images are held to: its preset, with what its settings override.

        A brand that has its background restyled is not held to white, unless it says so itself. Where regions have
        colour policies of their own, the picture promises no more than the loosest of them.
        """
        own = {name: value for name, value in self.gate if name in GateThresholds.model_fields and value is not None}
        if self.look().background_share > 0:
            own.setdefault("min_white_kept", 0.0)
        policies = {self.colour, *(region.colour or self.colour for region in self.regions)}
        loosest = next(policy for policy in _FROM_LOOSE_TO_STRICT if policy in policies)
        return GATE_PRESETS[self.gate.preset].model_copy(update={**own, "colour": loosest})

    def recipe(self) -> dict[str, Any]:
        """What, beside source and model, decides the bytes and the verdict of an output."""
        look = self.look()
        output = self.output.resolved()
        del output["public_base_url"]
        if self.output.format == "png":
            del output["quality"]
        parts: dict[str, Any] = {
            **dataclasses.asdict(look),
            "background_strength": look.background_share,
            "output": output,
            "thresholds": self.thresholds().resolved(),
            "retry_strengths": list(self.gate.retry_strengths),
            "models": [model.sha256 for model in self.models],
        }
        if not self.mix:
            # The pinned model knows the brand by name; a renamed brand looks as before.
            del parts["mix"]
        return parts

    def recipe_sha256(self) -> str:
        """sha256 of the recipe in canonical JSON."""
        return hashlib.sha256(json.dumps(self.recipe(), sort_keys=True).encode()).hexdigest()


class Shop:
    """Shop settings with every brand's settings and all URIs resolved.

    Args:
        settings: the shop's own file.
        brands: brand settings by brand name, in the order of the shop's file.
        source: the file that the shop's settings were read from.
    """

    def __init__(self, settings: ShopSettings, brands: dict[str, BrandSettings], source: Path) -> None:
        self.settings = settings
        self.brands = brands
        self.source = source

    def brand(self, name: str) -> BrandSettings:
        """Settings of one brand; SettingsError when the shop has no such brand."""
        if name not in self.brands:
            raise SettingsError(f"{self.source}: expected a brand among {', '.join(self.brands)}, received {name!r}.")
        return self.brands[name]

    def resolved(self) -> dict[str, Any]:
        """The whole configuration as plain JSON types, to be stored with each run."""
        return {
            "shop": self.settings.resolved(),
            "brands": {name: brand.resolved() for name, brand in self.brands.items()},
        }


def load_shop(path: str | Path) -> Shop:
    """Read and validate the shop's settings and those of all its brands.

    Raises SettingsError that names file, key, what was expected and what was received.
    """
    source = Path(path).resolve()
    settings = _parse(source, ShopSettings)
    settings = settings.model_copy(
        update={
            "feed": settings.feed.model_copy(update={"uri": _resolve(source, "feed.uri", settings.feed.uri)}),
            "output_uri": _resolve(source, "output_uri", settings.output_uri),
        }
    )
    brands: dict[str, BrandSettings] = {}
    for entry in settings.brands:
        file = (source.parent / entry).resolve()
        brand = _parse(file, BrandSettings)
        if brand.brand in brands:
            raise SettingsError(
                f"{file}: brand {brand.brand!r} is already defined by another file; rename one of them."
            )
        references = _resolve(file, "references_uri", brand.references_uri)
        models = tuple(
            model.model_copy(update={"uri": _resolve(file, "models.uri", model.uri)}) for model in brand.models
        )
        brands[brand.brand] = brand.model_copy(update={"references_uri": references, "models": models})
    return Shop(settings, brands, source)


def json_schema(kind: Literal["shop", "brand"]) -> dict[str, Any]:
    """JSON schema of a settings file."""
    model = ShopSettings if kind == "shop" else BrandSettings
    return model.model_json_schema()


def _parse(file: Path, model: type[Settings]) -> Settings:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(
            f"{file}: expected a settings file here, found none; `restyle sample-shop DIRECTORY` writes one."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: cannot be read: {error}") from error
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"{file}: not valid YAML: {_one_line(str(error))}") from error
    if not isinstance(values, dict):
        raise SettingsError(f"{file}: expected keys and values, received {type(values).__name__}.")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(_problem(model, problem["type"], problem) for problem in error.errors())
        raise SettingsError(f"{file}: {problems}") from error


def _problem(model: type[SettingsModel], kind: str, problem: Mapping[str, Any]) -> str:
    """One validation problem as `key: what was expected (received ...)`."""
    where = ".".join(map(str, problem["loc"])) or "file"
    if kind == "missing":
        return f"{where}: expected a value, the key is missing"
    received = repr(problem["input"])
    if len(received) > 200:
        received = f"{received[:200]}..."
    if kind == "extra_forbidden":
        keys = _keys_at(model, problem["loc"][:-1])
        return f"{where}: unknown key, expected one of {', '.join(keys)} (received {received})"
    return f"{where}: {problem['msg']} (received {received})"


def _keys_at(model: type[SettingsModel], location: Sequence[int | str]) -> list[str]:
    for part in location:
        if isinstance(part, int):
            continue
        inner = model.model_fields[part].annotation
        if get_origin(inner) is tuple:
            inner = get_args(inner)[0]
        if not (isinstance(inner, type) and issubclass(inner, SettingsModel)):
            break
        model = inner
    return list(model.model_fields)


def _resolve(file: Path, key: str, uri: str) -> str:
    try:
        return resolve_uri(uri, str(file.parent))
    except InputError as error:
        raise SettingsError(f"{file}: {key}: {error}") from error


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)
