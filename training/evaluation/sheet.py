"""The sheet of pictures: what the figures cannot say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.evaluation.looks import REGIMES, Looks, Regime
from training.references import Reference
from training.telemetry import labelled_grid

Pixels = NDArray[np.uint8]
CELL_PX: Final = 384
_ROWS: Final = 8


def sheet(looks: Looks, optimised: Sequence[Pixels], references: Sequence[Reference]) -> Pixels:
    """Originals, the colour map alone, the look with hue kept and in full, the slow reference, and references.

    Every picture at the size at which it was measured.
    """
    own = Regime(looks.own_colour, 1.0)
    keep_hue, full = REGIMES[0], REGIMES[1]
    columns: list[tuple[str, Sequence[Pixels]]] = [
        ("original", [picture.rgb for picture in looks.pictures]),
        (f"colour only ({own.colour})", looks.colour_only(own)),
        (keep_hue.name, looks.restyled(keep_hue)),
        (full.name, looks.restyled(full)),
    ]
    if optimised:
        columns.append(("optimisation of the pixels", optimised))
    columns.append((f"references of {looks.brand}", [r.rgb for r in references]))
    rows = min(_ROWS, len(looks.pictures))
    blank = np.full((CELL_PX, CELL_PX, 3), 225, np.uint8)
    # The slow reference may cover fewer pictures, a brand fewer references.
    grid = [[pictures[row] if row < len(pictures) else blank for _, pictures in columns] for row in range(rows)]
    return labelled_grid(grid, [title for title, _ in columns], CELL_PX)
