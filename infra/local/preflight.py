"""Checks made before anything is started, each with a sentence that says how to mend what it found."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from pipelines.core.errors import InputError

NEEDED_BYTES = 2 * 2**30


def check_port(port: int) -> None:
    """InputError when something listens on the port already."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise InputError(
                f"Port {port} on 127.0.0.1 is taken ({error.strerror}). Choose another one: make run PORT={port + 1}"
            ) from error


def check_disk(folder: Path, needed_bytes: int = NEEDED_BYTES) -> None:
    """InputError when the disk that holds `folder` has less free space than a run needs."""
    existing = next(parent for parent in [folder, *folder.parents] if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < needed_bytes:
        raise InputError(
            f"{folder}: {free / 2**30:.1f} GB are free, a run needs {needed_bytes / 2**30:.1f} GB. "
            "Free some space or run from a larger disk."
        )
