"""The verbs against a dictionary, on local disk and in a bucket."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from pipelines.core import storage
from pipelines.core.errors import MissingArtifact, PublishConflict

NAMES = st.sampled_from(["a", "b", "deep/c"])


class Verbs(RuleBasedStateMachine):
    """Every content is like no other, as `swap` asks of its callers."""

    root: str

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[str, bytes] = {}
        self.generations: dict[str, list[str]] = {}
        self.contents = itertools.count()

    @initialize()
    def begin(self) -> None:
        self.folder = f"{self.root}/{uuid4().hex}"

    def uri(self, name: str) -> str:
        return f"{self.folder}/{name}"

    def data(self) -> bytes:
        return b"%d " % next(self.contents) * 50

    @rule(name=NAMES)
    def write(self, name: str) -> None:
        data = self.data()
        storage.write_bytes(self.uri(name), data)
        self.model[name] = data

    @rule(name=NAMES)
    def create_once(self, name: str) -> None:
        data = self.data()
        assert storage.create_once(self.uri(name), data) == (name not in self.model)
        self.model.setdefault(name, data)

    @rule(name=NAMES, same=st.booleans())
    def create_object(self, name: str, same: bool) -> None:
        data = self.model.get(name, b"") if same else self.data()
        if name in self.model and not same:
            with pytest.raises(MissingArtifact, match=name):
                storage.create_object(self.uri(name), data)
        else:
            assert storage.create_object(self.uri(name), data) == (name not in self.model)
            self.model.setdefault(name, data)

    @rule(name=NAMES)
    def read_versioned(self, name: str) -> None:
        found = storage.read_versioned(self.uri(name))
        assert (found.data if found else None) == self.model.get(name)
        self.generations.setdefault(name, [storage.ABSENT]).append(found.generation if found else storage.ABSENT)

    @rule(name=NAMES, back=st.integers(1, 3))
    def swap(self, name: str, back: int) -> None:
        known = self.generations.get(name, [storage.ABSENT])
        expected = known[-min(back, len(known))]
        found = storage.read_versioned(self.uri(name))
        data = self.data()
        if expected == (found.generation if found else storage.ABSENT):
            generation = storage.swap(self.uri(name), data, expected)
            self.model[name] = data
            assert storage.read_versioned(self.uri(name)) == storage.Versioned(data, generation)
        else:
            with pytest.raises(PublishConflict, match=f"expected generation {expected}") as caught:
                storage.swap(self.uri(name), data, expected)
            assert caught.value.found == self.model.get(name)

    @rule(name=NAMES, onto=NAMES)
    def copy(self, name: str, onto: str) -> None:
        if name not in self.model:
            with pytest.raises(FileNotFoundError):
                storage.copy(self.uri(name), self.uri(f"{onto}-copy"))
        elif onto not in self.model:
            assert storage.copy(self.uri(name), self.uri(onto))
            self.model[onto] = self.model[name]
        elif not self.root.startswith("gs://"):  # the emulator does not look at the conditions of a copy
            assert not storage.copy(self.uri(name), self.uri(onto))

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        storage.delete(self.uri(name))
        self.model.pop(name, None)

    @rule()
    def remove_leftovers(self) -> None:
        assert storage.remove_leftovers(self.folder) == 0

    @invariant()
    def reads_as_the_model(self) -> None:
        if hasattr(self, "folder"):
            found = {stored.uri: stored.size_bytes for stored in storage.list_objects(self.folder)}
            assert found == {self.uri(name): len(data) for name, data in self.model.items()}
            assert all(storage.read_bytes(self.uri(name)) == data for name, data in self.model.items())


QUICK = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


def test_local_disk() -> None:
    root = tempfile.mkdtemp()
    try:
        run_state_machine_as_test(type("OnDisk", (Verbs,), {"root": root}), settings=QUICK)  # type: ignore[no-untyped-call]
    finally:
        shutil.rmtree(root)


def test_bucket(bucket: str) -> None:
    run_state_machine_as_test(type("InABucket", (Verbs,), {"root": bucket}), settings=QUICK)  # type: ignore[no-untyped-call]
