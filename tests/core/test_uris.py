from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core import uris
from pipelines.core.errors import InputError
from pipelines.core.uris import is_remote, join, parent, resolve_uri


@pytest.mark.parametrize(
    ("uri", "base", "expected"),
    [
        ("a.jpg", "/shop", "/shop/a.jpg"),
        ("./x/../a.jpg", "/shop", "/shop/a.jpg"),
        ("../a.jpg", "/shop/feed", "/shop/a.jpg"),
        ("a.jpg", "/", "/a.jpg"),
        ("/data/a.jpg", "gs://b/p", "/data/a.jpg"),
        ("file:///data/a%20b.jpg", "/x", "/data/a b.jpg"),
        ("file://localhost/data/a#1.jpg", "/x", "/data/a#1.jpg"),
        ("gs://b/a.jpg", "/x", "gs://b/a.jpg"),
        ("GS://b/Folder/", "/x", "gs://b/Folder"),
        ("gs://b", "/x", "gs://b"),
        ("a.jpg", "gs://b", "gs://b/a.jpg"),
        ("../../../a.jpg", "gs://b/p/q", "gs://b/a.jpg"),
        ("a:b.jpg", "/x", "/x/a:b.jpg"),
    ],
)
def test_resolve(uri: str, base: str, expected: str) -> None:
    assert resolve_uri(uri, base) == expected


@pytest.mark.parametrize(
    "uri",
    ["http://x/a.jpg", "s3://b/a.jpg", "http://[broken/a.jpg", "gs://", "gs:///a.jpg", "file://pictures/a.jpg", "://"],
)
def test_what_cannot_be_read_is_refused_by_name(uri: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve_uri(uri, "/shop")
    assert uri in str(caught.value)
    assert "expected" in str(caught.value)


@given(st.text(), st.sampled_from(["/shop", "gs://b", "gs://b/p"]))
def test_any_text_resolves_or_is_refused(uri: str, base: str) -> None:
    try:
        found = resolve_uri(uri, base)
    except InputError:
        return
    assert found.startswith(("/", "gs://"))
    assert found.startswith(("gs://b", "/")) or uri.lower().startswith("gs://")


def test_join_and_parent() -> None:
    assert join("gs://b/", "/a/", "c.json") == "gs://b/a/c.json"
    assert parent("gs://b/a/c.json") == "gs://b/a"
    assert is_remote("gs://b/a")
    assert not is_remote("/gs:/b")


def test_the_examples_hold() -> None:
    assert doctest.testmod(uris) == doctest.TestResults(failed=0, attempted=2)
