"""Records as files: found by what they are, and never read when damaged."""

import random
from dataclasses import asdict, replace

import pytest
import torch

from residual import store
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
    assert store.find(RECIPE, tmp_path) == made
    assert store.every("quick", tmp_path) == [made]
    assert store.seeds_of(RECIPE, tmp_path) == [3]
    assert store.experiment("made-up", "quick", tmp_path) == study
    assert store.every("public", tmp_path) == [theirs]
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


def test_every_committed_record_is_whole():
    found = [store.read(path) for path in store.committed().rglob("record.json")]
    assert found
