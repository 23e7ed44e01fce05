"""Publishers that race each other in processes of their own."""

from __future__ import annotations

import multiprocessing
import os
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any

from pipelines.core.errors import PublishConflict
from pipelines.release.pointer import move_pointer, read_pointer

FORKING = multiprocessing.get_context("forkserver")
"""Processes that are copied from one which has loaded the storage client: quick, and without this process's threads."""
FORKING.set_forkserver_preload(["google.cloud.storage", "pipelines.release.pointer"])


@dataclass(frozen=True)
class Attempt:
    """How one publisher fared in one round: `conflict` is empty for the winner."""

    publisher: str
    release_id: str
    conflict: str
    found: bytes | None


def race_in_rounds(uri: str, publishers: int, rounds: int) -> list[list[Attempt]]:
    """Publishers that all read the pointer, then all try to move it, round after round. Attempts of each round."""
    attempts = _run(uri, publishers, rounds, FORKING.Barrier(publishers))
    return [list(of_round) for of_round in zip(*attempts, strict=True)]


def race_freely(uri: str, publishers: int, wins: int) -> list[list[Attempt]]:
    """Publishers that move the pointer as fast as they can until each has won so often. Attempts of each publisher."""
    return _run(uri, publishers, wins, None)


def _run(uri: str, publishers: int, goal: int, barrier: Barrier | None) -> list[list[Attempt]]:
    pipes, processes = [], []
    emulator = os.environ.get("STORAGE_EMULATOR_HOST", "")
    for number in range(publishers):
        ours, theirs = FORKING.Pipe(duplex=False)
        process = FORKING.Process(target=_publish, args=(uri, f"publisher-{number}", goal, barrier, theirs, emulator))
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    attempts = [pipe.recv() for pipe in pipes]
    for process in processes:
        process.join()
    return attempts


def _publish(uri: str, name: str, goal: int, barrier: Barrier | None, answers: Connection, emulator: str) -> None:
    if emulator:
        os.environ["STORAGE_EMULATOR_HOST"] = emulator
    attempts: list[Attempt] = []
    while (len(attempts) if barrier else sum(not attempt.conflict for attempt in attempts)) < goal:
        release_id, conflict, found = f"{name}-release-{len(attempts)}", "", None
        if barrier:
            barrier.wait(60)
        pointer = read_pointer(uri)
        event = {"actor": name, "action": "publish", "release_id": release_id, "at": f"2026-11-23T00:{len(attempts)}"}
        values: dict[str, Any] = {"history": [event, *pointer.values.get("history", [])]}
        if barrier:
            barrier.wait(60)
        try:
            move_pointer(pointer, values)
        except PublishConflict as error:
            conflict, found = str(error), error.found
        attempts.append(Attempt(name, release_id, conflict, found))
    answers.send(attempts)
