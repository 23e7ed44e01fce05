"""One image of the feed to one snapshot row or dead letter: read, fetched, or taken over from an earlier night."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from pipelines.core import storage
from pipelines.core.contracts import DeadLetter, SnapshotRow
from pipelines.core.errors import ImageRejected, InputError, MissingArtifact
from pipelines.core.http_images import Fetched, FetchFailed, HttpImages
from pipelines.core.http_links import is_http
from pipelines.core.paths import NightPaths
from pipelines.core.settings import Shop
from pipelines.core.source_versions import file_version, is_settled, size_in
from pipelines.core.uris import is_remote, resolve_uri
from pipelines.images.sniff import ALLOWED_FORMATS, sniff
from pipelines.release.earlier_nights import EarlierFailures, Known
from pipelines.release.fed_rows import FedRow

SUFFIXES: Final = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif", "BMP": ".bmp", "AVIF": ".avif"}
How = Literal["read", "unchanged", "not_answered", "dead"]
"""`unchanged`: by its version or its host's word. `not_answered`: as an earlier night saw it, since its storage or host
has trouble."""


class Answer(NamedTuple):
    """What became of one image."""

    outcome: SnapshotRow | DeadLetter
    how: How


class Sources:
    """Reads the pictures of one night; used by many threads at once.

    Args:
        shop: limits, and what may be trusted.
        night: where fetched pictures are stored.
        base: folder that relative links start from.
        http: fetches what is behind http(s) links.
        versions: those of objects on Google Cloud Storage, by URI.
        failures: of the night before.
    """

    def __init__(
        self,
        shop: Shop,
        night: NightPaths,
        base: str,
        http: HttpImages,
        versions: Mapping[str, str],
        failures: EarlierFailures,
    ) -> None:
        self._night, self._base, self._http = night, base, http
        self._trusted = shop.settings.feed.trust_versions
        self._max_bytes = shop.settings.images.max_bytes
        self._max_attempts = shop.settings.retry.max_attempts
        self._versions, self._failures = versions, failures

    def answer(self, row: FedRow, known: Mapping[str, Known]) -> Answer:
        """The one outcome of a row. `known`: pictures of earlier nights by link."""
        attempts, last_reason = self._failures.of(row.image_id, row.link)
        if row.reason:
            return _dead(row, row.reason, row.message, attempts + 1)
        link = row.link.strip()
        try:
            if not is_http(link):
                return self._stored(row, link, known)
            if attempts >= self._max_attempts:
                message = (
                    f"{link}: failed on {attempts} nights in a row ({last_reason}) and is not fetched any more; to "
                    "have it tried again change its link, or raise retry.max_attempts."
                )
                return _dead(row, last_reason, message, attempts)
            return self._fetched(row, link, known.get(link))
        except ImageRejected as error:
            return _dead(row, error.reason, str(error), attempts + 1)

    def _stored(self, row: FedRow, link: str, known: Mapping[str, Known]) -> Answer:
        """A file or an object: where it lies is where all stages read it."""
        try:
            uri = resolve_uri(link, self._base)
        except InputError as error:
            raise ImageRejected("unreadable-uri", str(error)) from error
        version = self._versions.get(uri, "") if is_remote(uri) else file_version(uri)
        before = known.get(uri)
        if self._trusted and before and before.version == version and is_settled(version, before.read_ns):
            return Answer(_row(row, uri, before.sha256, before.size_bytes, version), "unchanged")
        try:
            data, version = self._read(uri, version)
        except ImageRejected as error:
            trouble = error.__cause__
            if before and isinstance(trouble, OSError) and not isinstance(trouble, PermissionError):
                return Answer(_row(row, uri, before.sha256, before.size_bytes, before.version), "not_answered")
            raise
        return Answer(_row(row, uri, hashlib.sha256(data).hexdigest(), len(data), version), "read")

    def _read(self, uri: str, version: str) -> tuple[bytes, str]:
        """Bytes, and the version that they are of; empty where the picture was replaced since its version was taken."""
        data = storage.read_source_image(uri, self._max_bytes)
        size = size_in(version)
        if size in {None, len(data)}:
            return data, version
        again = storage.read_source_image(uri, self._max_bytes)
        if len(again) == size:  # the first read was cut short
            return again, version
        if again == data:
            return data, ""
        raise ImageRejected(
            "unreadable-uri", f"{uri}: its bytes change while they are read; upload pictures before the night begins."
        )

    def _fetched(self, row: FedRow, link: str, before: Known | None) -> Answer:
        """A picture behind a link: stored once under its hash, so that all stages read what was seen here."""
        if before and self._is_here(before):
            try:
                fetched = self._http.fetch_if_changed(link, before.version if self._trusted else "")
            except FetchFailed:
                return Answer(_fetched_row(row, link, before), "not_answered")
            if fetched is None:
                return Answer(_fetched_row(row, link, before), "unchanged")
        else:
            fetched = self._http.fetch(link)
        return Answer(_fetched_row(row, link, self._keep(link, fetched)), "read")

    def _is_here(self, known: Known) -> bool:
        try:
            return storage.size_bytes(known.image_uri) == known.size_bytes
        except FileNotFoundError:
            return False

    def _keep(self, link: str, fetched: Fetched) -> Known:
        found = sniff(fetched.data)
        if found.image_format is None:
            raise ImageRejected("not-an-image", f"{link}: expected a picture, received {found.looks_like}.")
        if found.image_format not in SUFFIXES:
            raise ImageRejected(
                "unsupported-format",
                f"{link}: expected one of {', '.join(ALLOWED_FORMATS)}, received {found.looks_like}.",
            )
        sha256 = hashlib.sha256(fetched.data).hexdigest()
        kept = Known(
            fetched.validator,
            sha256,
            len(fetched.data),
            self._night.source(sha256, SUFFIXES[found.image_format]),
        )
        try:
            storage.create_object(kept.image_uri, fetched.data)
        except MissingArtifact:
            # Cut off or altered: these are the bytes that its name stands for.
            storage.write_bytes(kept.image_uri, fetched.data)
        return kept


def _row(row: FedRow, uri: str, sha256: str, size_bytes: int, version: str, feed_uri: str = "") -> SnapshotRow:
    return SnapshotRow(
        row.product_id, row.image_id, uri, row.title, row.category, sha256, size_bytes, version, feed_uri, row.position
    )


def _fetched_row(row: FedRow, link: str, kept: Known) -> SnapshotRow:
    return _row(row, kept.image_uri, kept.sha256, kept.size_bytes, kept.version, link)


def _dead(row: FedRow, reason: str, message: str, attempts: int) -> Answer:
    letter = DeadLetter(row.product_id, row.image_id, row.link, "ingest", reason, message, attempts)
    return Answer(letter, "dead")
