"""Templates to one self-contained page.

The pages show words that strangers wrote (titles and ids of a feed). Autoescaping keeps them from being markup, a
Content-Security-Policy keeps anything that slipped through from running or loading: no scripts, no connections,
pictures from data URIs alone, and only the style sheet whose hash the policy names.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipelines.monitor import words

_TEMPLATES: Final = Path(__file__).parent / "templates"
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def render(template: str, **values: Any) -> bytes:
    """A template with the shared style sheet, as UTF-8."""
    style = (_TEMPLATES / "page.css").read_text(encoding="utf-8")
    page = (
        _environment()
        .get_template(template)
        .render(
            # The sheet is our own file; a browser hashes exactly what stands between the tags.
            style=Markup(style),  # noqa: S704
            policy=content_security_policy(style),
            **values,
        )
    )
    return page.encode("utf-8")


def content_security_policy(style: str) -> str:
    """Policy of a page with this one inline style sheet."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    return f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters.update(
        count=lambda number: f"{number:,}",
        duration=words.duration_words,
        moment=words.moment_words,
        figure=words.figure_words,
        plural=words.count_words,
    )
    return environment


def _printable(value: Any) -> Any:
    """Control characters and lone surrogates, which HTML forbids, as the replacement character."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return _CONTROL.sub("\ufffd", value)
    return value
