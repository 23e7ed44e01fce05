"""Runs one of our jobs with one fault at one of its storage operations: `broken_job.py FAULT NTH MODULE ARGUMENT...`

Every public verb of `pipelines.core.storage` counts. With FAULT `none` the number of operations is written into the
file that BROKEN_JOB_COUNT names.
"""

from __future__ import annotations

import errno
import functools
import itertools
import os
import runpy
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

VERBS = ("read_bytes", "read_source_image", "size_bytes", "exists", "list_files", "write_bytes", "create_once",
         "create_object", "copy",
         "delete", "read_versioned", "swap")  # fmt: skip
READS = ("read_bytes", "read_source_image", "read_versioned")
WRITES = ("write_bytes", "create_once", "create_object", "swap", "copy")
FAULTS = ("none", "kill-before", "kill-after", "disk-full", "time-out", "unavailable", "short-read", "clock-back")


def main() -> None:
    """Break storage, then be the job."""
    fault, nth, module, *arguments = sys.argv[1:]
    if fault not in FAULTS:
        raise SystemExit(f"fault: expected one of {', '.join(FAULTS)}, received {fault!r}")
    if fault == "clock-back":
        set_clock_back()
    else:
        break_storage(fault, int(nth))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def break_storage(fault: str, nth: int) -> None:
    """Wrap the verbs that the fault concerns; the n-th call of them meets it, and no other."""
    from pipelines.core import storage

    concerned = READS if fault == "short-read" else WRITES if fault == "disk-full" else VERBS
    calls, inside = itertools.count(1), threading.local()
    counted = Path(os.environ["BROKEN_JOB_COUNT"]) if fault == "none" else None

    def wrap(verb: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(verb)
        def broken(*args: Any, **kwargs: Any) -> Any:
            if getattr(inside, "busy", False):
                return verb(*args, **kwargs)
            inside.busy = True
            try:
                number = next(calls)
                if counted:
                    counted.write_text(str(number))
                return meet(fault, verb, args, kwargs) if number == nth else verb(*args, **kwargs)
            finally:
                inside.busy = False

        return broken

    for name in concerned:
        setattr(storage, name, wrap(getattr(storage, name)))


def meet(fault: str, verb: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What the chosen call meets."""
    where = str(args[0])
    if fault == "kill-before":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "disk-full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), where)
    if fault == "time-out":
        raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT), where)
    if fault == "unavailable":
        raise OSError(f"{where}: Google Cloud Storage answered: 503 Service Unavailable")
    result = verb(*args, **kwargs)
    if fault == "kill-after":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "short-read":
        return (
            result[:-1] if isinstance(result, bytes) else result and type(result)(result.data[:-1], result.generation)
        )
    return result


def set_clock_back() -> None:
    """A day, for everything that asks for the time."""
    import time

    from pipelines.release import releases

    real = time.time
    time.time = lambda: real() - 86_400
    then = releases.utc_now
    releases.utc_now = lambda: then().replace("2026", "2025", 1)


if __name__ == "__main__":
    main()
