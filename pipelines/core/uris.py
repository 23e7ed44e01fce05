"""URIs as this project uses them: an absolute local path, or gs://bucket/name."""

from __future__ import annotations

import os
from urllib.parse import unquote

from pipelines.core.errors import InputError


def resolve_uri(uri: str, base: str) -> str:
    """Absolute form of `uri`; relative ones are taken from `base` (a local folder or gs:// prefix).

    >>> resolve_uri("images/a.jpg", "gs://shop/feed")
    'gs://shop/feed/images/a.jpg'
    >>> resolve_uri("file:///data/a%20b.jpg", "/feed")
    '/data/a b.jpg'

    Raises InputError for any scheme but file and gs, a file URI that names a host, a gs URI that names no bucket.
    """
    scheme, separator, rest = uri.partition("://")
    if separator:
        return _resolve_scheme(uri, scheme.lower(), rest)
    if uri.startswith("/"):
        return os.path.normpath(uri)
    if base.startswith("gs://"):
        bucket, _, prefix = base.removeprefix("gs://").partition("/")
        name = os.path.normpath(f"/{prefix}/{uri}").lstrip("/")
        return f"gs://{bucket}/{name}"
    return os.path.normpath(os.path.join(base, uri))  # noqa: PTH118 (pathlib would keep "..")


def _resolve_scheme(uri: str, scheme: str, rest: str) -> str:
    if scheme == "file":
        path = unquote(rest.removeprefix("localhost"))
        if not path.startswith("/"):
            raise InputError(f"{uri}: expected an absolute path after file://, as in file:///data/a.jpg.")
        return os.path.normpath(path)
    if scheme == "gs":
        bucket, _, name = rest.partition("/")
        if not bucket:
            raise InputError(f"{uri}: expected a bucket after gs://, received none.")
        return f"gs://{bucket}/{name}".rstrip("/")
    raise InputError(f"{uri}: expected a relative path, file:// or gs://, received {scheme}://.")


def join(root: str, *parts: str) -> str:
    """`root` and parts joined by single slashes."""
    return "/".join([root.rstrip("/"), *(part.strip("/") for part in parts)])


def parent(uri: str) -> str:
    """The folder that `uri` lies in."""
    return uri.rsplit("/", 1)[0]


def is_remote(uri: str) -> bool:
    """Whether `uri` is on Google Cloud Storage."""
    return uri.startswith("gs://")
