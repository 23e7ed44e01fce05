"""What all settings have in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class SettingsModel(BaseModel):
    """Frozen; unknown keys are an error, so that a typo never passes silently."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def resolved(self) -> dict[str, Any]:
        """All values, defaults included, as plain JSON types."""
        return self.model_dump(mode="json")
