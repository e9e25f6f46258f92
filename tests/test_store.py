"""Records as files: found by what they are, and never read when damaged."""

import errno
import os
import random
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from residual import load, store
from residual.data import data_folder
from residual.errors import ParameterError, RecordError, StoreError
from residual.recipe import Recipe

RECIPE = Recipe.of("quick", "plain", 8, 3)
KEYS = ("data", "curves", "metrics", "responses", "gradients", "probes", "replay", "provenance")


def run(root, **changes) -> store.Record:
    """A made-up training with weights."""
    content = {"recipe": asdict(RECIPE)} | {key: {} for key in KEYS} | changes
    return store.write(content, root, {"weight": torch.arange(3.0)})


def experiment(root) -> store.Record:
    about = {"experiment": "made-up", "profile": "quick", "settings": {}, "provenance": {}}
    return store.write(about | {"seeds": [0], "measurements": [{"value": 1.0}]}, root)


def public(root) -> store.Record:
    about = {"source": {"name": "someone"}, "network": {"kind": "residual", "depth": 20}}
    return store.write(about | {key: {} for key in (*KEYS, "reported")}, root)


def test_the_three_kinds_of_record_are_found_by_what_they_are(tmp_path):
    made, study, theirs = run(tmp_path), experiment(tmp_path), public(tmp_path)
    assert store.find(RECIPE, tmp_path).content == made.content
    assert [r.content for r in store.every("quick", tmp_path)] == [made.content]
    assert store.seeds_of(RECIPE, tmp_path) == [3]
    assert store.experiment("made-up", "quick", tmp_path).content == study.content
    assert [r.content for r in store.every("public", tmp_path)] == [theirs.content]
    names = [record.name for record in (made, study, theirs)]
    assert names == ["quick/plain-8-s3", "quick/experiments/made-up", "public/someone/residual-20"]
    assert [(r.scale, r.kind, r.depth, r.variant, r.member) for r in (made, theirs)] == [
        ("quick", "plain", 8, "", 3),
        ("public", "residual", 20, "", "someone"),
    ]
    assert made.weights()["weight"].tolist() == [0, 1, 2]


def test_another_recipes_record_is_not_taken_for_this_one(tmp_path):
    near = [replace(RECIPE, weight_decay=decay) for decay in (0.02000001, 0.02000004)]
    run(tmp_path, recipe=asdict(near[0]))
    assert store.find(near[0], tmp_path)
    with pytest.raises(ParameterError, match="another one of this name"):
        store.find(near[1], tmp_path)


def test_what_is_not_there_is_none(tmp_path):
    assert store.find(RECIPE, tmp_path) is None
    assert store.experiment("made-up", "quick", tmp_path) is None
    assert store.every("paper", tmp_path) == []


def test_what_is_not_finite_is_null(tmp_path):
    assert run(tmp_path, metrics={"a": [1.0, float("nan")]})["metrics"] == {"a": [1.0, None]}


def test_a_flipped_byte_is_never_read(tmp_path):
    """At random places: an error that names the file, or the very same content."""
    for made in (run(tmp_path), experiment(tmp_path)):
        path = made.folder / "record.json"
        whole = path.read_bytes()
        for place in random.Random(0).choices(range(len(whole)), k=60):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 32]) + whole[place + 1 :])
            try:
                same = store.read(path).content == made.content
            except RecordError as error:
                same = str(path) in str(error)
            assert same
        path.write_bytes(whole)


def test_a_record_in_another_folder_is_not_taken_for_that_one(tmp_path):
    made = run(tmp_path)
    moved = made.folder.rename(made.folder.with_name("plain-8-s4"))
    with pytest.raises(RecordError, match="it holds quick/plain-8-s3"):
        store.read(moved / "record.json")


def test_damaged_or_missing_weights_are_named(tmp_path):
    made = run(tmp_path)
    path = made.folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    with pytest.raises(RecordError, match=r"weights\.safetensors is damaged"):
        made.weights()
    path.unlink()
    with pytest.raises(RecordError, match=r"weights\.safetensors was not kept"):
        made.weights()


def test_a_store_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "quick").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        run(tmp_path)


def test_one_function_reads_the_variables_and_expands_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable, read in (
        ("RESIDUAL_RUNS", store.own),
        ("RESIDUAL_EVIDENCE", store.committed),
        ("RESIDUAL_DATA", data_folder),
    ):
        monkeypatch.setenv(variable, "~/places")
        assert read() == tmp_path / "places"
        monkeypatch.setenv(variable, "~nobody-of-this-name/places")
        with pytest.raises(StoreError, match="names a home that is not known here"):
            read()
        monkeypatch.delenv(variable)


@pytest.mark.parametrize(
    ("place", "reason"), [("loop", "Too many levels"), ("n" * 300, "File name too long")]
)
def test_a_place_that_cannot_be_read_is_one_sentence_with_its_reason(
    place, reason, tmp_path, monkeypatch
):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    monkeypatch.setenv("RESIDUAL_RUNS", str(tmp_path / place))
    for call in (
        store.own,
        lambda: load("quick/plain-8-s3"),
        lambda: store.find(RECIPE, tmp_path / place),
        lambda: store.every("public", tmp_path / place),
        lambda: store.seeds_of(RECIPE, tmp_path / place),
        lambda: store.evidence(tmp_path / place),
    ):
        with pytest.raises(StoreError, match=rf"cannot be read \({reason}.*\): mend that"):
            call()


def test_without_rights_nothing_is_taken_for_missing(tmp_path, monkeypatch):
    made = run(tmp_path)

    def refuses(*_words, **_names):
        raise PermissionError(13, "Permission denied")

    for module, name, call in (
        (store.os, "stat", lambda: store.find(RECIPE, tmp_path)),
        (store.os, "listdir", lambda: store.every("quick", tmp_path)),
        (Path, "read_bytes", lambda: store.read(made.folder / "record.json")),
        (Path, "read_bytes", made.weights),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(module, name, refuses)
            with pytest.raises(StoreError, match=r"cannot be read \(Permission denied\)"):
                call()


def test_an_empty_store_is_no_evidence(tmp_path):
    (tmp_path / "quick").mkdir()
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(StoreError, match="holds no records, and without them there is"):
            store.evidence(place)
    experiment(tmp_path)
    assert store.evidence(tmp_path) == tmp_path


def test_an_installed_library_takes_the_checkout_around_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "CHECKOUT", tmp_path / "site-packages")
    (tmp_path / "book" / "notebooks").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "book" / "notebooks")
    assert store.checkout() == tmp_path / "book" / "notebooks"
    Path("01_degradation.ipynb").write_text("{}")
    assert store.checkout() == tmp_path / "book"


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EACCES, "mend the folder's rights"),
        (errno.ENOLCK, "its file system grants no locks"),
        (errno.EIO, "mend that"),
    ],
)
def test_what_cannot_be_written_gets_the_advice_that_helps(number, advice, tmp_path):
    with (
        pytest.raises(StoreError, match=f"{os.strerror(number)}.*{advice}.*RESIDUAL_RUNS"),
        store.writing(tmp_path),
    ):
        raise OSError(number, os.strerror(number))


def waits(folder, caplog) -> str:
    """What a thread says that waits for the lock of a folder, once it has got it."""
    caplog.clear()

    def take():
        with store.locked(folder):
            pass

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(take)
        while not caplog.messages:
            time.sleep(0.01)
        (folder / "run.lock").unlink()  # as the message advises where its holder is gone
        waiting.result(timeout=30)
    return caplog.messages[0]


def test_a_lock_names_its_holder(tmp_path, caplog):
    with store.locked(tmp_path):
        told = waits(tmp_path, caplog)
    assert f"is in use by process {os.getpid()} on {socket.gethostname()} since 20" in told
    assert f"delete {tmp_path / 'run.lock'}" in told


@pytest.mark.skipif(os.name == "nt", reason="Windows locks otherwise")
def test_a_lock_of_another_host_on_a_file_system_without_locks_is_named(
    tmp_path, caplog, monkeypatch
):
    def missing(*_words):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr("filelock._unix.fcntl.flock", missing)
    (tmp_path / "run.lock").write_text("4321\nanother-host\n")
    assert "is in use by process 4321 on another-host since 20" in waits(tmp_path, caplog)


def test_every_committed_record_is_whole():
    found = [store.read(path) for path in store.committed().rglob("record.json")]
    assert found


def test_a_record_that_is_damaged_after_it_was_read_is_not_read_from_memory(tmp_path):
    path = run(tmp_path).folder / "record.json"
    assert store.read(path) is store.read(path)
    path.write_bytes(path.read_bytes().replace(b"1", b"2"))
    with pytest.raises(RecordError):
        store.read(path)
