"""What a run was asked to do: from its form, its partition key, or the run that triggered it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pipelines.core.paths import checked_date
from pipelines.core.settings import Shop

ALL_BRANDS = "all brands"


def resolve_request(
    shop: Shop,
    params: Mapping[str, Any],
    partition_key: str | None,
    run_after: datetime,
    events: Iterable[Any] = (),
) -> dict[str, Any]:
    """Date, brands and options of a run, as plain JSON types.

    The form wins over the partition key, the partition key over the day that the run was made for. Options travel from
    one DAG to the next in the `extra` of the asset events that triggered it.
    """
    handed_on: dict[str, Any] = {}
    for event in events:
        handed_on.update(event.extra or {})
    date = params.get("date") or partition_key or handed_on.get("date") or run_after.strftime("%Y-%m-%d")
    brand = "" if params.get("brand") in (None, "", ALL_BRANDS) else params["brand"]
    brands = [brand] if brand else handed_on.get("brands") or list(shop.brands)
    move_back = bool(params.get("move_back") or handed_on.get("move_back"))
    return {
        "date": checked_date(date),
        "brand_option": f"--brand={brand}" if brand else "",
        "brands": [shop.brand(name).brand for name in brands],
        "force_training": bool(params.get("force_training") or handed_on.get("force_training")),
        "ask_again_option": "--ask-again" if params.get("ask_again") else "",
        "move_back": move_back,
        "move_back_option": "--move-back" if move_back else "",
    }
