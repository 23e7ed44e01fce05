"""How the shop's brands want to be asked. One task asks for all of them, so it takes what all can agree on."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from airflow.sdk.execution_time.hitl import HITLUser

from pipelines.core.settings import Shop

REJECT: Final = "Reject"
ANSWERS: Final = ("Approve", REJECT)
"""`pipelines.release.approval` takes the first of them alone for a yes."""


def patience(shop: Shop) -> timedelta:
    """The longest that a brand waits for an answer."""
    return timedelta(hours=max(brand.approval.timeout_hours for brand in shop.brands.values()))


def approvers(shop: Shop) -> list[HITLUser] | None:
    """Users whom Airflow lets answer: those who may for some brand; None, everybody, if a brand names nobody.

    Whether the one who answered may decide for the brand in question is checked where it is published.
    """
    named = [brand.approval.approvers for brand in shop.brands.values()]
    if not all(named):
        return None
    return [HITLUser(id=user, name=user) for user in sorted({user for users in named for user in users})]
