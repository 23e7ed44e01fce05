from __future__ import annotations

from collections.abc import Callable

import pytest
from small_night import SmallNight
from tiny_shop import TinyShop


@pytest.fixture
def night(tiny_shop: Callable[..., TinyShop]) -> SmallNight:
    """A night of three products with a blessed model."""
    made = tiny_shop()
    made.configure_brand("inkwell", gate={"max_failed_share": 0.5})
    made.bless_fake_model()
    return SmallNight(made)
