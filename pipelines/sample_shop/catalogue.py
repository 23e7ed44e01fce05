"""The whole catalogue, and smaller ones with the same proportions for quick runs."""

from __future__ import annotations

from collections.abc import Callable

from pipelines.core.errors import SettingsError
from pipelines.sample_shop import homeware, kitchenware, livingware, tableware
from pipelines.sample_shop.product import Product

CATALOGUE: tuple[Product, ...] = (
    *tableware.BOTTLES,
    *tableware.MUGS,
    *tableware.VASES,
    *kitchenware.BOWLS,
    *kitchenware.TEAPOTS,
    *kitchenware.JARS,
    *homeware.LAMPS,
    *homeware.CANDLES,
    *homeware.BOXES,
    *livingware.BAGS,
    *livingware.PLANTERS,
    *livingware.CUSHIONS,
)


def selected(products: int | None) -> tuple[Product, ...]:
    """`products` products spread over the categories, in catalogue order; all of them for None.

    From six upwards at least one is a cut-out with alpha and one has several views.

    Raises:
        SettingsError: `products` is not between 1 and the size of the catalogue.
    """
    if products is None:
        return CATALOGUE
    if not 1 <= products <= len(CATALOGUE):
        raise SettingsError(
            f"products: expected 1 to {len(CATALOGUE)} (or none for all), received {products}; choose one in between"
        )
    places = [round((k + 0.5) * len(CATALOGUE) / products - 0.5) for k in range(products)]
    chosen = [CATALOGUE[p] for p in places]
    if products >= 6:
        chosen = _with(chosen, 0, lambda p: p.backdrop is None)
        chosen = _with(chosen, 1, lambda p: len(p.views) > 1)
    return tuple(sorted(chosen, key=CATALOGUE.index))


def _with(chosen: list[Product], place: int, wanted: Callable[[Product], bool]) -> list[Product]:
    """`chosen`, with the product at `place` replaced by the first wanted one if there is none yet."""
    if any(wanted(p) for p in chosen):
        return chosen
    missing = next(p for p in CATALOGUE if wanted(p) and p not in chosen)
    return [*chosen[:place], missing, *chosen[place + 1 :]]
