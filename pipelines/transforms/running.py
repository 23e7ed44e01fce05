"""Runs a Beam pipeline to its end, and says in one sentence why it did not get there."""

from __future__ import annotations

from typing import Any

from pipelines.core.errors import RestyleError


def run_to_end(pipeline: Any, stage: str) -> Any:
    """Run and return Beam's result.

    Raises:
        RestyleError: it failed. What the job's workers raise, Beam passes on as text alone.
    """
    try:
        result = pipeline.run()
        result.wait_until_finish()
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise RestyleError(
            f"{stage}: the Beam job failed: {lines[-1]}. Nothing is published of it; mend the cause and run the stage "
            "again."
        ) from error
    return result
