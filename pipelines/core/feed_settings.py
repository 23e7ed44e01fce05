"""Settings of a shop's feed, and of the hosts that its pictures may be fetched from."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Final, Literal

from pydantic import Field, field_validator

from pipelines.core.settings_model import SettingsModel

_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
_HOST: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*|\*\.{_LABEL}(?:\.{_LABEL})+")


class HttpSettings(SettingsModel):
    """Pictures behind http(s) links: which hosts may be asked, and how patiently."""

    allowed_hosts: tuple[str, ...] = Field(
        (), description="Hosts that links and redirects may name: images.example.com, or *.example.com. None if empty."
    )
    allowed_networks: tuple[str, ...] = Field(
        (), description="Networks that may be reached although they are not public, e.g. [10.20.0.0/16]."
    )
    allowed_ports: tuple[Annotated[int, Field(ge=1, le=65535)], ...] = (80, 443)
    parallel: int = Field(16, ge=1, le=256, description="Pictures fetched at a time.")
    parallel_per_host: int = Field(8, ge=1, le=256, description="And of one host.")
    attempts: int = Field(3, ge=1, le=10, description="Requests for one picture while its host has trouble.")
    timeout_s: float = Field(10.0, gt=0, le=600, description="To connect, and for each wait for bytes.")
    deadline_s: float = Field(60.0, gt=0, le=3600, description="For one picture, all attempts and pauses included.")
    max_redirects: int = Field(3, ge=0, le=10)
    give_up_after: int = Field(
        10, ge=1, description="Failures of a host in a row; the rest of its pictures then wait for the next night."
    )

    @field_validator("allowed_hosts")
    @classmethod
    def _known_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        lowered = tuple(host.lower() for host in hosts)
        for host in lowered:
            if not _HOST.fullmatch(host) and not _is_address(host):
                raise ValueError(f"expected host names such as images.example.com or *.example.com, received {host!r}")
        return lowered

    @field_validator("allowed_networks")
    @classmethod
    def _known_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            ipaddress.ip_network(network)
        return networks


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class FeedSettings(SettingsModel):
    """Where the product feed of a night is."""

    uri: str = Field(
        description="CSV, JSON lines, Parquet, a Merchant Center feed (TSV, RSS, Atom), a Shopify product export, or a "
        "folder of pictures. Relative to the settings file, file:// or gs://. `{date}` stands for the night's date, "
        "YYYY-MM-DD."
    )
    format: Literal["auto", "csv", "jsonl", "parquet", "merchant", "shopify", "folder"] = Field(
        "auto", description="auto: by the ending of the name, then by the header; a folder where there is no ending."
    )
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="Our column name to the feed's own, e.g. {image_uri: image_path}. Columns: product_id, image_uri; "
        "optional: image_id, title, category.",
    )
    max_bytes: int = Field(4 * 2**30, ge=1024, description="A larger feed is refused.")
    trust_versions: bool = Field(
        default=True,
        description="Take the hash of a picture from an earlier night where its storage says that it is unchanged "
        "(size, times and inode of a file; ETag or time of an object); false: read every picture every night.",
    )
    http: HttpSettings = HttpSettings()

    @field_validator("columns")
    @classmethod
    def _known_columns(cls, columns: dict[str, str]) -> dict[str, str]:
        known = {"product_id", "image_uri", "image_id", "title", "category"}
        if unknown := sorted(set(columns) - known):
            raise ValueError(f"expected keys among {sorted(known)}, received {unknown}")
        return columns
