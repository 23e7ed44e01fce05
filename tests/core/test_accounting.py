from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.accounting import Accounting
from pipelines.core.errors import RestyleError

counts = st.integers(0, 10**6)


@given(counts, counts, counts, counts, st.sampled_from([0, 0, 1, -1, 7]))
def test_check_passes_exactly_when_it_adds_up(restyled: int, reused: int, kept: int, dead: int, surplus: int) -> None:
    accounting = Accounting(restyled + reused + kept + dead + surplus, restyled, reused, kept, dead)
    if surplus == 0:
        assert accounting.check() is accounting
        return
    with pytest.raises(RestyleError) as caught:
        accounting.check()
    assert accounting.sentence() in str(caught.value)
    assert f"{restyled + reused + kept + dead} are accounted for" in str(caught.value)


def test_sentence_and_dict() -> None:
    accounting = Accounting(images_in=10, restyled=4, reused=3, kept_original=2, dead_letters=1)
    assert accounting.sentence() == "10 in = 4 restyled + 3 reused + 2 kept original + 1 dead letters"
    assert sum(accounting.as_dict().values()) == 20
