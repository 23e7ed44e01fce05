"""Progress of a running job as an append-only file of small JSON lines.

Workers of one job append without locks (a line is one write); a reader sums what is there. On object storage, where
nothing can be appended, nothing is written: there the engine's own counters tell.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from pipelines.core.uris import is_remote


@dataclass(frozen=True)
class Progress:
    """Counts so far. `seconds` is the time since the job began."""

    stage: str
    total: int
    done: int
    failed: int
    seconds: float


@dataclass(frozen=True)
class ProgressLog:
    """Writer; cheap to pickle, so that Beam DoFns may hold one. An empty `uri` writes nothing."""

    uri: str

    def begin(self, stage: str, total: int) -> None:
        """Start anew: a rerun counts from zero."""
        if self._writable():
            Path(self.uri).parent.mkdir(parents=True, exist_ok=True)
            Path(self.uri).write_text(json.dumps({"stage": stage, "total": total, "at": time.time()}) + "\n")

    def advance(self, done: int = 0, failed: int = 0) -> None:
        """Count images finished (`done` includes `failed`)."""
        if not self._writable():
            return
        line = json.dumps({"done": done, "failed": failed}) + "\n"
        handle = os.open(self.uri, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)

    def _writable(self) -> bool:
        return bool(self.uri) and not is_remote(self.uri)


def stage_seconds(uri: str) -> float | None:
    """Seconds between a stage's begin and its last event, or None when it left no progress."""
    file = Path(uri)
    try:
        begun = json.loads(file.read_text().partition("\n")[0])["at"]
        return max(0.0, file.stat().st_mtime - float(begun))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_progress(uri: str) -> Progress | None:
    """Counts so far, or None when the job has not begun."""
    try:
        lines = Path(uri).read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return None
    events = [json.loads(line) for line in lines if line.endswith("}")]
    if not events or "stage" not in events[0]:
        return None
    head, steps = events[0], events[1:]
    return Progress(
        stage=head["stage"],
        total=head["total"],
        done=sum(step["done"] for step in steps),
        failed=sum(step["failed"] for step in steps),
        seconds=time.time() - head["at"],
    )
