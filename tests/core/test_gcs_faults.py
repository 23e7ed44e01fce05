"""The verbs against an emulator behind a proxy that breaks requests and answers."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from faulty_proxy import (
    Fault,
    FaultyProxy,
    cut_off,
    cut_short,
    faulty_proxy,
    garble,
    lose_answer,
    lose_request,
    refuse,
    reset,
    stall,
    stall_after,
)

from pipelines.core import gcs, storage
from pipelines.core.errors import MissingArtifact, PublishConflict

pytest.importorskip("google.cloud.storage", reason="google-cloud-storage is not installed (extra `gcs`)")

QUICK = gcs.Patience(connect_s=20.0, silence_s=20.0, total_s=60.0, first_wait_s=0.0, longest_wait_s=0.0)
OLD, NEW = b"old" * 1000, b"new" * 1000


@dataclass(frozen=True)
class Verb:
    """A verb at work on `object`, which holds OLD, and `absent`; what it returns and leaves behind."""

    call: Callable[[str], object]
    returns: object
    leaves: dict[str, bytes]


def listed(root: str) -> object:
    return [(stored.uri.removeprefix(root), stored.size_bytes) for stored in storage.list_objects(root)]


def swapped(uri: str) -> object:
    found = storage.read_versioned(uri)
    generation = storage.swap(uri, NEW, found.generation if found else storage.ABSENT)
    return generation == gcs.read(uri)[1]


def created(uri: str, data: bytes) -> None:
    """After a refusal nobody can tell who wrote equal bytes, so what it returns says little."""
    storage.create_object(uri, data)


BEFORE = {"object": OLD}
VERBS = {
    "read_bytes": Verb(lambda root: storage.read_bytes(f"{root}/object"), OLD, BEFORE),
    "size_bytes": Verb(lambda root: storage.size_bytes(f"{root}/object"), len(OLD), BEFORE),
    "exists": Verb(lambda root: (storage.exists(f"{root}/object"), storage.exists(f"{root}/absent")),
                   (True, False), BEFORE),
    "list_objects": Verb(listed, [("/object", len(OLD))], BEFORE),
    "write_bytes": Verb(lambda root: storage.write_bytes(f"{root}/object", NEW), None, {"object": NEW}),
    "create_once": Verb(lambda root: storage.create_once(f"{root}/absent", NEW), True, {**BEFORE, "absent": NEW}),
    "create_once again": Verb(lambda root: storage.create_once(f"{root}/object", NEW), False, BEFORE),
    "create_object": Verb(lambda root: storage.create_object(f"{root}/absent", NEW), True, {**BEFORE, "absent": NEW}),
    "create_object again": Verb(lambda root: created(f"{root}/object", OLD), None, BEFORE),
    "swap": Verb(lambda root: swapped(f"{root}/object"), True, {"object": NEW}),
    "swap absent": Verb(lambda root: swapped(f"{root}/absent"), True, {**BEFORE, "absent": NEW}),
    "copy": Verb(lambda root: storage.copy(f"{root}/object", f"{root}/absent"), True, {**BEFORE, "absent": OLD}),
    "delete": Verb(lambda root: storage.delete(f"{root}/object"), None, {}),
    "delete absent": Verb(lambda root: storage.delete(f"{root}/absent"), None, BEFORE),
}  # fmt: skip
PASSING: dict[str, Fault] = {
    "408": refuse(408), "429": refuse(429), "500": refuse(500), "502": refuse(502), "503": refuse(503),
    "504": refuse(504), "lost request": lose_request, "reset": reset, "lost answer": lose_answer,
}  # fmt: skip


@pytest.fixture(scope="module")
def _proxy(storage_emulator: str) -> Iterator[FaultyProxy]:
    with faulty_proxy(storage_emulator) as proxy:
        yield proxy


@pytest.fixture
def proxy(_proxy: FaultyProxy, bucket: str, monkeypatch: pytest.MonkeyPatch) -> FaultyProxy:
    """Between our storage and the emulator; lets everything pass at first."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", _proxy.url)
    monkeypatch.setattr(gcs, "PATIENCE", QUICK)
    _proxy.break_in_turn(())
    return _proxy


@pytest.fixture
def root(bucket: str, proxy: FaultyProxy) -> str:
    storage.write_bytes(f"{bucket}/object", OLD)
    return bucket


def contents(proxy: FaultyProxy, root: str) -> dict[str, bytes]:
    proxy.break_in_turn(())
    return {uri.removeprefix(f"{root}/"): storage.read_bytes(uri) for uri in storage.list_files(root)}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_a_fault_that_passes_changes_nothing(proxy: FaultyProxy, root: str, verb: Verb, fault: Fault) -> None:
    proxy.break_first_tries(fault)
    assert verb.call(root) == verb.returns
    assert len(proxy.seen) > len(set(proxy.seen))
    assert contents(proxy, root) == verb.leaves


@pytest.mark.parametrize("fault", [stall, stall_after], ids=["before", "after"])
@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_a_time_out_is_tried_again(
    proxy: FaultyProxy, root: str, verb: Verb, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gcs, "PATIENCE", replace(QUICK, silence_s=0.1))
    proxy.break_first_tries(fault)
    assert verb.call(root) == verb.returns
    assert contents(proxy, root) == verb.leaves


@pytest.mark.parametrize("fault", [refuse(503), lose_request], ids=["503", "lost request"])
@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_a_fault_that_stays_is_an_os_error_that_names_the_object(
    proxy: FaultyProxy, root: str, verb: Verb, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gcs, "PATIENCE", replace(QUICK, total_s=0.05))
    proxy.break_in_turn(itertools.repeat(fault))
    with pytest.raises(OSError, match=f"{root}.*no usable answer for 0.05 s; run it again later"):
        verb.call(root)
    monkeypatch.setattr(gcs, "PATIENCE", QUICK)
    assert contents(proxy, root) == BEFORE


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_nobody_at_the_other_end(verb: Verb, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{held.getsockname()[1]}")
        monkeypatch.setattr(gcs, "PATIENCE", replace(QUICK, total_s=0.05))
        with pytest.raises(OSError, match=r"gs://shop.*no usable answer .*Connection refused"):
            verb.call("gs://shop")


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_what_is_forbidden_is_not_asked_twice(proxy: FaultyProxy, root: str, verb: Verb) -> None:
    proxy.break_in_turn(itertools.repeat(refuse(403)))
    with pytest.raises(PermissionError, match=f"{root}.*refused access"):
        verb.call(root)
    assert len(proxy.seen) == 1
    assert contents(proxy, root) == BEFORE


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_nothing_is_asked_behind_our_back(proxy: FaultyProxy, root: str, verb: Verb) -> None:
    """The client would look up the bucket for its traces."""
    gcs._client_of.cache_clear()
    proxy.break_in_turn(())
    assert verb.call(root) == verb.returns
    assert len(proxy.seen) <= 3
    assert all("/o?" in line or "/o/" in line for line in proxy.seen)


@pytest.mark.parametrize("fault", [cut_off, cut_short, garble])
def test_a_short_or_altered_read_is_read_again(proxy: FaultyProxy, root: str, fault: Fault) -> None:
    proxy.break_in_turn([fault, refuse(503), fault])
    assert storage.read_bytes(f"{root}/object") == OLD
    assert len(proxy.seen) == 4


@pytest.mark.parametrize("fault", [cut_off, cut_short, garble])
def test_a_read_that_stays_short_is_an_error(
    proxy: FaultyProxy, root: str, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gcs, "PATIENCE", replace(QUICK, total_s=0.05))
    proxy.break_in_turn(itertools.repeat(fault))
    with pytest.raises(OSError, match=f"{root}/object: Google Cloud Storage gave no usable answer"):
        storage.read_bytes(f"{root}/object")


def test_a_read_is_never_stitched_together(proxy: FaultyProxy, root: str) -> None:
    """A download that is resumed has no checksum; this one is begun anew, here with other bytes."""

    def cut_off_and_replace(exchange):  # type: ignore[no-untyped-def]
        cut_off(exchange)
        storage.write_bytes(f"{root}/object", NEW)

    proxy.break_in_turn([cut_off_and_replace])
    assert storage.read_bytes(f"{root}/object") == NEW


def test_a_swap_whose_answer_is_lost_is_won(proxy: FaultyProxy, root: str) -> None:
    first = storage.read_versioned(f"{root}/object")
    assert first is not None
    proxy.break_in_turn([lose_answer])
    second = storage.swap(f"{root}/object", NEW, first.generation)
    assert [line.split()[0] for line in proxy.seen] == ["POST", "POST", "GET"]
    assert storage.read_versioned(f"{root}/object") == storage.Versioned(NEW, second)


def test_a_swap_whose_answer_is_lost_and_is_overtaken_is_lost(proxy: FaultyProxy, root: str) -> None:
    first = storage.read_versioned(f"{root}/object")
    assert first is not None

    def lose_answer_to_a_rival(exchange):  # type: ignore[no-untyped-def]
        storage.write_bytes(f"{root}/object", b"rival")
        lose_answer(exchange)

    proxy.break_in_turn([lose_answer_to_a_rival])
    with pytest.raises(PublishConflict, match="somebody else wrote first") as caught:
        storage.swap(f"{root}/object", NEW, first.generation)
    assert caught.value.found == b"rival"


def test_a_412_is_a_conflict_at_once(proxy: FaultyProxy, root: str) -> None:
    found = storage.read_versioned(f"{root}/object")
    assert found is not None
    proxy.break_in_turn([refuse(412)])
    with pytest.raises(PublishConflict) as caught:
        storage.swap(f"{root}/object", NEW, found.generation)
    assert caught.value.found == OLD
    assert len(proxy.seen) == 2
    proxy.break_in_turn([refuse(412)])
    assert not storage.create_once(f"{root}/absent", NEW)
    assert len(proxy.seen) == 1


def test_copy_is_under_the_condition_that_there_is_no_target(proxy: FaultyProxy, root: str) -> None:
    """fake-gcs-server does not look at conditions of a copy, so its refusal is played here."""
    proxy.break_in_turn([refuse(412)])
    assert not storage.copy(f"{root}/object", f"{root}/absent")
    assert [("ifGenerationMatch=0" in line) for line in proxy.seen] == [True]


def test_delete_is_under_the_condition_of_what_was_seen(proxy: FaultyProxy, root: str) -> None:
    found = storage.read_versioned(f"{root}/object")
    assert found is not None
    proxy.break_in_turn([None, refuse(412)])
    storage.delete(f"{root}/object")
    assert f"ifGenerationMatch={found.generation}" in proxy.seen[1]
    assert contents(proxy, root) == BEFORE


def test_an_altered_object_is_not_trusted(proxy: FaultyProxy, root: str) -> None:
    assert not storage.create_object(f"{root}/object", OLD)
    for altered in (OLD[:-1], OLD[:-1] + b"x"):
        with pytest.raises(MissingArtifact, match=f"{root}/object: expected the .* bytes that its name stands for"):
            storage.create_object(f"{root}/object", altered)
    assert storage.read_bytes(f"{root}/object") == OLD


@pytest.mark.parametrize("turn", range(2), ids=["first request", "second request"])
@pytest.mark.parametrize("fault", [refuse(503), lose_request, lose_answer], ids=["503", "lost request", "lost answer"])
def test_a_large_object_that_goes_up_in_two_requests(proxy: FaultyProxy, root: str, fault: Fault, turn: int) -> None:
    large = bytes(9 << 20)
    proxy.break_in_turn([*[None] * turn, fault])
    assert storage.create_once(f"{root}/large", large)
    assert "uploadType=resumable" in proxy.seen[0]
    assert len(proxy.seen) > 2
    assert storage.read_bytes(f"{root}/large") == large


def test_a_listing_comes_page_by_page(proxy: FaultyProxy, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        storage.write_bytes(f"{root}/many/{number}", b"")
    monkeypatch.setattr(gcs, "PAGE_OBJECTS", 2)
    proxy.break_first_tries(refuse(503))
    pages = storage.list_objects(f"{root}/many")
    assert [next(pages).uri for _ in range(2)] == [f"{root}/many/{number}" for number in range(2)]
    assert len(proxy.seen) == 2
    assert [stored.uri for stored in pages] == [f"{root}/many/{number}" for number in range(2, 5)]
    assert len(proxy.seen) == 6
