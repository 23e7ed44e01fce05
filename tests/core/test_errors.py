from __future__ import annotations

import pickle
import re

import pytest

from pipelines.core import errors
from pipelines.core.errors import ImageRejected, RestyleError


def test_image_rejected_survives_a_process_boundary() -> None:
    error = pickle.loads(pickle.dumps(ImageRejected("truncated", "a.jpg: the file ends early.")))  # noqa: S301
    assert (type(error), error.reason, str(error)) == (ImageRejected, "truncated", "a.jpg: the file ends early.")


def test_image_rejected_takes_known_reasons_only() -> None:
    with pytest.raises(ValueError, match=r"expected one of .*truncated.*received 'misty'"):
        ImageRejected("misty", "a.jpg")


def test_the_tree_in_the_docstring_is_the_tree_of_classes() -> None:
    drawn: dict[str, str] = {}
    branch: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"^ {4}((?:│ {3})*)(?:[├└]── )?(\w+)", line):
            depth = len(found[1]) // 4 + ("──" in line)
            branch[depth:] = [found[2]]
            drawn[found[2]] = branch[depth - 1] if depth else "Exception"
    classes = {
        name: value.__base__.__name__
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, RestyleError) and value.__base__
    }
    assert drawn == classes


def test_exit_codes_tell_kinds_apart() -> None:
    codes = {errors.RestyleError: 1, errors.InputError: 2, errors.TrainingStopped: 3, errors.PublishConflict: 4,
             errors.GateBlocked: 5, errors.MissingArtifact: 6, errors.SettingsError: 2, errors.FeedError: 2,
             errors.ReferencesError: 2, errors.ModelBundleError: 2}  # fmt: skip
    assert {kind: kind.exit_code for kind in codes} == codes
