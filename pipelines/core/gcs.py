"""Objects on Google Cloud Storage: the half of `pipelines.core.storage` that talks to buckets.

One loop asks again after 408, 429, 5xx, a time-out, a lost connection or a short read, with growing random waits, until
`PATIENCE` is at an end; the client's own retries are off. Every request may be sent twice without harm: reads, writes
under a precondition, and writes of names that have one writer. A download is begun anew, not resumed, since the client
checks no checksum of what it resumes.

`STORAGE_EMULATOR_HOST` (an URL) sends everything to an emulator, without credentials.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import functools
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pipelines.core.errors import InputError

if TYPE_CHECKING:
    from google.api_core.retry import Retry
    from google.cloud.storage import Blob, Client

POOLED_CONNECTIONS = 32
PAGE_OBJECTS = 1000
T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How long a verb waits for Google, in seconds.

    The n-th wait between two tries is drawn from 0 to `first_wait_s * 2**n`, at most `longest_wait_s` ("full jitter",
    Brooker 2015). No try begins after `total_s`.
    """

    connect_s: float = 10.0
    silence_s: float = 60.0
    total_s: float = 120.0
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0

    @property
    def timeout(self) -> tuple[float, float]:
        """For a connection to open, and between two bytes."""
        return self.connect_s, self.silence_s


PATIENCE = Patience()


def read(uri: str) -> tuple[bytes, str]:
    """Bytes and generation of one and the same state of the object, checked against the checksum that Google states."""
    from google.cloud.storage.exceptions import DataCorruption

    def download() -> tuple[bytes, str]:
        blob = _blob(uri)
        try:
            data = blob.download_as_bytes(timeout=PATIENCE.timeout, retry=None)
        except DataCorruption as error:
            raise ConnectionError("the bytes that arrived do not have the checksum that was stated") from error
        return data, str(blob.generation)

    return _until_answered(uri, download)


def size_bytes(uri: str) -> int:
    """Size, by one request."""
    return int(_described(uri).size)


def exists(uri: str) -> bool:
    """Whether there is such an object."""
    return _until_answered(uri, lambda: bool(_blob(uri).exists(timeout=PATIENCE.timeout, retry=None)))


def holds(uri: str, data: bytes) -> bool:
    """Whether the object has these bytes, by its size and checksum. FileNotFoundError when there is none."""
    return _has(_described(uri), data)


def list_objects(prefix: str) -> Iterator[tuple[str, int, datetime.datetime]]:
    """URI, size and time of change of all objects below a prefix, by name; a page of them is held at a time.

    The empty objects that stand for folders are left out.
    """
    bucket, name = _split(prefix)
    name = name.strip("/")
    with _named_errors(prefix):
        for blob in _client().list_blobs(
            bucket,
            prefix=f"{name}/" if name else None,
            fields=_LISTED,
            page_size=PAGE_OBJECTS,
            timeout=PATIENCE.timeout,
            retry=_retry(),
        ):
            if not blob.name.endswith("/"):
                yield f"gs://{bucket}/{blob.name}", int(blob.size), blob.updated


_LISTED = "items(name,size,updated),nextPageToken"


def write(uri: str, data: bytes) -> None:
    """Create or replace."""
    _until_answered(uri, lambda: _upload(uri, data, None))


def write_if(uri: str, data: bytes, generation: int) -> str | None:
    """Upload if the object still has `generation` (0: is absent); the new generation, or None when it has not.

    When the answer to a try is lost, the next one is refused because of what the first has written. So after such a
    refusal an object with just these bytes counts as written here.
    """
    from google.api_core.exceptions import PreconditionFailed

    tries = 0

    def upload() -> str:
        nonlocal tries
        tries += 1
        return _upload(uri, data, generation)

    try:
        return _until_answered(uri, upload)
    except PreconditionFailed:
        if tries == 1:
            return None
    with contextlib.suppress(FileNotFoundError):
        blob = _described(uri)
        if _has(blob, data):
            return str(blob.generation)
    return None


def copy_if_absent(source: str, target: str) -> bool:
    """Copy inside Google's storage; False when there is a target already, be it of an earlier try."""
    from google.api_core.exceptions import PreconditionFailed

    def rewrite() -> bool:
        blob, token = _blob(target), None
        while True:
            token, _, _ = blob.rewrite(
                _blob(source), token=token, if_generation_match=0, timeout=PATIENCE.timeout, retry=None
            )
            if token is None:
                return True

    with contextlib.suppress(PreconditionFailed):
        return _until_answered(source, rewrite)
    return False


def delete(uri: str) -> None:
    """Delete the generation that is there now; one that somebody writes meanwhile stays."""
    from google.api_core.exceptions import PreconditionFailed

    with contextlib.suppress(FileNotFoundError, PreconditionFailed):
        blob = _described(uri)
        _until_answered(
            uri,
            lambda: blob.delete(if_generation_match=blob.generation, timeout=PATIENCE.timeout, retry=None),
        )


def _upload(uri: str, data: bytes, generation: int | None) -> str:
    blob = _blob(uri)
    blob.upload_from_string(
        data,
        content_type="application/octet-stream",
        if_generation_match=generation,
        timeout=PATIENCE.timeout,
        retry=None,
    )
    return str(blob.generation)


def _described(uri: str) -> Blob:
    blob = _blob(uri)
    _until_answered(uri, lambda: blob.reload(timeout=PATIENCE.timeout, retry=None))
    return blob


def _has(blob: Blob, data: bytes) -> bool:
    import google_crc32c

    crc32c, md5 = google_crc32c.value(data).to_bytes(4, "big"), hashlib.md5(data, usedforsecurity=False).digest()
    if (blob.size, blob.crc32c) != (len(data), base64.b64encode(crc32c).decode()):
        return False
    return blob.md5_hash in (None, base64.b64encode(md5).decode())  # composed objects have none


def _until_answered(uri: str, attempt: Callable[[], T]) -> T:
    with _named_errors(uri):
        result: T = _retry()(attempt)()
    return result


def _retry() -> Retry:
    from google.cloud.storage.retry import DEFAULT_RETRY

    return DEFAULT_RETRY.with_delay(PATIENCE.first_wait_s, PATIENCE.longest_wait_s, 2.0).with_timeout(PATIENCE.total_s)


@contextlib.contextmanager
def _named_errors(uri: str) -> Iterator[None]:
    """Google's errors as the ones that files raise, naming the object; PreconditionFailed passes as it is."""
    from google.api_core.exceptions import (
        Forbidden,
        GoogleAPIError,
        NotFound,
        PreconditionFailed,
        RetryError,
        Unauthorized,
    )
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except PreconditionFailed:
        raise
    except NotFound:
        raise FileNotFoundError(uri) from None
    except RetryError as error:
        raise OSError(
            f"{uri}: Google Cloud Storage gave no usable answer for {PATIENCE.total_s:g} s; run it again later. "
            f"Last: {error.cause}"
        ) from error
    except (Forbidden, Unauthorized, GoogleAuthError) as error:
        raise PermissionError(f"{uri}: Google Cloud Storage refused access: {error}") from error
    except GoogleAPIError as error:
        raise OSError(f"{uri}: Google Cloud Storage answered: {error}") from error


def _split(uri: str) -> tuple[str, str]:
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    return bucket, name


def _blob(uri: str) -> Blob:
    bucket, name = _split(uri)
    return _client().bucket(bucket).blob(name)


def _client() -> Client:
    return _client_of(os.getpid(), os.environ.get("STORAGE_EMULATOR_HOST", ""))


@functools.lru_cache(maxsize=4)
def _client_of(process: int, emulator: str) -> Client:
    """One client a process (connections do not survive a fork). No project is asked for: only listing buckets needs it.

    Without an emulator the credentials are Application Default Credentials; InputError when there are none, since that
    is no fault of the object that was asked for.
    """
    from google.auth.exceptions import DefaultCredentialsError
    from google.cloud import storage
    from requests.adapters import HTTPAdapter

    # The client would ask for the bucket too, in threads of its own, and while Google is down with every request.
    os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    try:
        client: Client = storage.Client.create_anonymous_client() if emulator else storage.Client(project=None)
    except DefaultCredentialsError as error:
        raise InputError(f"gs://: expected Google Application Default Credentials, received none: {error}") from error
    for scheme in ("https://", "http://"):
        client._http.mount(scheme, HTTPAdapter(pool_connections=POOLED_CONNECTIONS, pool_maxsize=POOLED_CONNECTIONS))
    return client
