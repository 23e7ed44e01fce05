from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.core.settings import ImageLimits
from pipelines.monitor.contact_sheet import SheetPair, contact_sheet, restyled_pairs

RED, BLUE = (np.full((40, 20, 3), colour, np.uint8) for colour in ((200, 0, 0), (0, 0, 200)))


def test_before_stands_left_of_after_and_both_whole() -> None:
    sheet = contact_sheet([SheetPair(RED, BLUE)], picture_px=40)
    assert sheet.size == (2 * 40 + 2 + 40, 40 + 40)
    pixels = np.asarray(sheet)
    left = (pixels == (200, 0, 0)).all(-1)
    right = (pixels == (0, 0, 200)).all(-1)
    assert left.sum() == right.sum() == 40 * 20
    assert np.flatnonzero(left.any(0)).max() < np.flatnonzero(right.any(0)).min()


def test_rows_fill_from_the_left_and_captions_make_room() -> None:
    pairs = [SheetPair(RED, BLUE, "A very long title\n" * 20) for _ in range(5)]
    plain = contact_sheet([SheetPair(RED, BLUE)] * 5, columns=2, picture_px=60)
    captioned = contact_sheet(pairs, columns=2, picture_px=60)
    assert captioned.width == plain.width == 2 * (122 + 20) + 20
    assert captioned.height > plain.height
    gutter = np.asarray(captioned)[:, 20 + 122 : 20 + 122 + 20]
    assert (gutter == gutter[0, 0]).all()
    assert captioned.tobytes() == contact_sheet(pairs, columns=2, picture_px=60).tobytes()


def test_needs_pairs_and_sizes() -> None:
    with pytest.raises(ValueError, match="at least one"):
        contact_sheet([])
    with pytest.raises(ValueError, match="columns"):
        contact_sheet([SheetPair(RED, BLUE)], columns=0)


def test_pairs_of_a_release_leave_out_originals_and_unreadable_pictures(night: Any) -> None:
    Path(night.rows[0].object_uri).write_bytes(b"broken")
    pairs = restyled_pairs(night.rows, ImageLimits())
    assert [pair.caption for pair in pairs] == ["Shirt 1", "Shirt 2", "Shirt 3", "Shirt 4", "Shirt 5"]
    assert not np.array_equal(pairs[0].before, pairs[0].after)
