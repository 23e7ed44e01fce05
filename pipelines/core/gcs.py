"""Objects on Google Cloud Storage: the half of `pipelines.core.storage` that talks to buckets.

`STORAGE_EMULATOR_HOST` (an URL) sends everything to an emulator, without credentials.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipelines.core.errors import InputError

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Client

POOLED_CONNECTIONS = 32


def read(uri: str) -> tuple[bytes, str]:
    """Bytes and generation, of one and the same state of the object."""
    blob = _blob(uri)
    with _named_errors(uri):
        data = blob.download_as_bytes()
    return data, str(blob.generation)


def size_bytes(uri: str) -> int:
    """Size, by one request."""
    blob = _blob(uri)
    with _named_errors(uri):
        blob.reload()
    return int(blob.size or 0)


def exists(uri: str) -> bool:
    """Whether there is such an object."""
    with _named_errors(uri):
        return bool(_blob(uri).exists())


def list_objects(prefix: str) -> Iterator[tuple[str, int, datetime.datetime]]:
    """URI, size and time of change of all objects below a prefix, by name; a page of them is held at a time.

    The empty objects that stand for folders are left out.
    """
    bucket, name = _split(prefix)
    name = name.strip("/")
    with _named_errors(prefix):
        for blob in _client().list_blobs(bucket, prefix=f"{name}/" if name else None, fields=_LISTED):
            if not blob.name.endswith("/"):
                yield f"gs://{bucket}/{blob.name}", int(blob.size), blob.updated


_LISTED = "items(name,size,updated),nextPageToken"


def write(uri: str, data: bytes) -> None:
    """Create or replace."""
    with _named_errors(uri):
        _blob(uri).upload_from_string(data, content_type="application/octet-stream")


def write_if(uri: str, data: bytes, generation: int) -> str | None:
    """Upload if the object still has `generation` (0: is absent); the new generation, or None when it has not."""
    from google.api_core.exceptions import PreconditionFailed

    blob = _blob(uri)
    with _named_errors(uri):
        try:
            blob.upload_from_string(data, content_type="application/octet-stream", if_generation_match=generation)
        except PreconditionFailed:
            return None
    return str(blob.generation)


def copy_if_absent(source: str, target: str) -> bool:
    """Copy inside Google's storage; False when there is a target already."""
    from google.api_core.exceptions import PreconditionFailed

    blob, token = _blob(target), None
    with _named_errors(source):
        try:
            while True:
                token, _, _ = blob.rewrite(_blob(source), token=token, if_generation_match=0)
                if token is None:
                    return True
        except PreconditionFailed:
            return False


def delete(uri: str) -> None:
    """Delete the generation that is there now; one that somebody writes meanwhile stays."""
    from google.api_core.exceptions import NotFound, PreconditionFailed

    blob = _blob(uri)
    with _named_errors(uri), contextlib.suppress(NotFound, PreconditionFailed):
        blob.reload()
        blob.delete(if_generation_match=blob.generation)


@contextlib.contextmanager
def _named_errors(uri: str) -> Iterator[None]:
    """Google's errors as the ones that files raise: FileNotFoundError, PermissionError, OSError, naming the object."""
    from google.api_core.exceptions import Forbidden, GoogleAPIError, NotFound, Unauthorized
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.exceptions import GoogleCloudError

    try:
        yield
    except NotFound:
        raise FileNotFoundError(uri) from None
    except (Forbidden, Unauthorized, GoogleAuthError) as error:
        raise PermissionError(f"{uri}: Google Cloud Storage refused access: {error}") from error
    except (GoogleAPIError, GoogleCloudError) as error:
        raise OSError(f"{uri}: Google Cloud Storage answered: {error}") from error


def _split(uri: str) -> tuple[str, str]:
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    return bucket, name


def _blob(uri: str) -> Blob:
    bucket, name = _split(uri)
    with _named_errors(uri):
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

    try:
        client: Client = storage.Client.create_anonymous_client() if emulator else storage.Client(project=None)
    except DefaultCredentialsError as error:
        raise InputError(f"gs://: expected Google Application Default Credentials, received none: {error}") from error
    for scheme in ("https://", "http://"):
        client._http.mount(scheme, HTTPAdapter(pool_connections=POOLED_CONNECTIONS, pool_maxsize=POOLED_CONNECTIONS))
    return client
