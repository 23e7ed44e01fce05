"""Links from a page to artifacts: relative, and only to what lies below the shop's output root."""

from __future__ import annotations

import posixpath
from urllib.parse import quote

from pipelines.core.uris import parent


def relative_link(page_uri: str, target_uri: str, root: str) -> str:
    """Percent-encoded relative path from a page to a target, or "" when the target lies outside `root`.

    Relative links keep working when the whole root is copied or served; a feed cannot smuggle another scheme in.

    >>> relative_link("/shop/runs/a/report.html", "/shop/objects/b.jpg", "/shop")
    '../../objects/b.jpg'
    """
    prefix = root.rstrip("/") + "/"
    if not target_uri.startswith(prefix) or ".." in target_uri.removeprefix(prefix).split("/"):
        return ""
    below, folder = target_uri.removeprefix(prefix), parent(page_uri).removeprefix(prefix.rstrip("/")).strip("/")
    link = quote(posixpath.relpath(f"/{below}", f"/{folder}"))
    return link if link.startswith("..") else f"./{link}"
