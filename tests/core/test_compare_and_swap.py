"""Publishers in processes of their own, against local disk and against the emulator."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from racers import race_freely, race_in_rounds

from pipelines.core import storage
from pipelines.release.pointer import read_pointer

ROUNDS = 20
WINS = 4


@pytest.fixture(params=["disk", "emulator"])
def pointer_uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    root = str(tmp_path) if request.param == "disk" else request.getfixturevalue("bucket")
    return f"{root}/releases/inkwell/current.json"


@pytest.mark.parametrize("publishers", [2, 4, 8, 16])
def test_one_publisher_wins_each_round_and_the_others_name_it(pointer_uri: str, publishers: int) -> None:
    winners = []
    for attempts in race_in_rounds(pointer_uri, publishers, ROUNDS):
        assert len(attempts) == publishers
        (winner,) = (attempt for attempt in attempts if not attempt.conflict)
        for attempt in attempts:
            if attempt is not winner:
                serial = len(winners)
                assert attempt.conflict.startswith(f"{pointer_uri}: expected serial {serial}, found {serial + 1}: ")
                assert f"{winner.publisher} was first (publish of {winner.release_id} at 2026-" in attempt.conflict
                assert json.loads(attempt.found or b"")["serial"] == serial + 1
        winners.append((winner.publisher, winner.release_id))
    pointer = read_pointer(pointer_uri)
    assert pointer.serial == ROUNDS
    history = [(event["actor"], event["release_id"]) for event in pointer.values["history"]]
    assert history == winners[::-1]
    assert storage.list_files(pointer_uri.rsplit("/", 1)[0]) == [pointer_uri]


@pytest.mark.parametrize("publishers", [2, 4, 8, 16])
def test_no_move_is_lost_among_publishers_that_do_not_wait(pointer_uri: str, publishers: int) -> None:
    won = {
        attempt.release_id
        for attempts in race_freely(pointer_uri, publishers, WINS)
        for attempt in attempts
        if not attempt.conflict
    }
    pointer = read_pointer(pointer_uri)
    moves = [event["release_id"] for event in pointer.values["history"]]
    assert len(won) == len(moves) == pointer.serial == publishers * WINS
    assert set(moves) == won


def test_the_emulator_itself_honours_preconditions(storage_emulator: str, bucket: str) -> None:
    """Asked by plain requests, so that what the other tests show is not the emulator's luck."""
    racers, barrier = 16, threading.Barrier(16)
    url = f"{storage_emulator}/upload/storage/v1/b/{bucket.removeprefix('gs://')}/o?uploadType=media&name=raced"

    def upload(racer: int, generation: str) -> str:
        request = urllib.request.Request(  # noqa: S310
            f"{url}&ifGenerationMatch={generation}", data=str(racer).encode(), headers={"Content-Type": "text/plain"}
        )
        barrier.wait(60)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310
                return str(json.load(reply)["generation"])
        except urllib.error.HTTPError as error:
            assert error.code == 412
            return ""

    generations = ["0"]
    with ThreadPoolExecutor(racers) as threads:
        for _ in range(20):
            answers = list(threads.map(upload, range(racers), [generations[-1]] * racers))
            (won,) = (answer for answer in answers if answer)
            generations.append(won)
            assert storage.read_bytes(f"{bucket}/raced") == str(answers.index(won)).encode()
    assert len(set(generations)) == len(generations)
