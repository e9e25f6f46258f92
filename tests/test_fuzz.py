"""Damage at random places, and parameters of any kind: a clear error, never a wrong figure."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from residual import store
from residual.checkpoint import checkpoints, load_checkpoint
from residual.errors import EngineError, ParameterError, check_list
from residual.recipe import KINDS, PROFILES, Recipe, recipes
from residual.sweep import ensure
from residual.train import train

QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
few = settings(max_examples=40, deadline=None, suppress_health_check=QUIET)
many = settings(max_examples=500, deadline=None, suppress_health_check=QUIET)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> tuple[Path, Recipe]:
    """A store with one finished run, and two checkpoints kept aside from its training."""
    root = tmp_path_factory.mktemp("store")
    (recipe,) = recipes("quick", ["residual"], [8], [0], 4)
    folder, aside = store.folder_of(recipe, root), root / "aside"

    def keep(_recipe, done):
        if done == 4:
            shutil.copytree(folder, aside)

    train(recipe, "cpu", root, None, keep, threads=1, checkpoint_seconds=0)
    assert len(checkpoints(aside)) == 2
    return root, recipe


def damage(content: bytes, place: float, flip: int | None) -> bytes:
    """The content with one byte changed at a relative place, or cut there if `flip` is None."""
    at = min(int(place * len(content)), len(content) - 1)
    if flip is None:
        return content[:at]
    return content[:at] + bytes([content[at] ^ flip]) + content[at + 1 :]


def attempt(call: Callable, expected: type[Exception]) -> tuple[object, str]:
    """What a call gives, or else the message of the expected error."""
    try:
        return call(), ""
    except expected as error:
        return None, str(error)


places = st.floats(0, 1, exclude_max=True)
flips = st.none() | st.integers(1, 255)


def check_record(store, place, flip) -> None:
    """A damaged record is named, or says exactly what the whole one says."""
    root, recipe = store
    path = store.folder_of(recipe, root) / "record.json"
    whole = path.read_bytes()
    expected = store.read(path).content
    try:
        path.write_bytes(damage(whole, place, flip))
        found, told = attempt(lambda: store.find(recipe, root).content, RecordError)
        assert found == expected or (str(path) in told and "Restore it" in told)
    finally:
        path.write_bytes(whole)


def check_weights(store, place, flip) -> None:
    """Damaged weights are named."""
    root, recipe = store
    run = store.find(recipe, root)
    path = run.folder / "weights.safetensors"
    whole = path.read_bytes()
    try:
        path.write_bytes(damage(whole, place, flip))
        with pytest.raises(RecordError, match="weights"):
            run.weights()
    finally:
        path.write_bytes(whole)


def check_checkpoints(store, which, place, flip) -> None:
    """With one checkpoint damaged the other is taken, with both none is."""
    folder = store[0] / "aside"
    paths = checkpoints(folder)
    whole = [path.read_bytes() for path in paths]
    try:
        for i in which:
            paths[i].write_bytes(damage(whole[i], place, flip))
        found = load_checkpoint(folder)
        good = [i for i in range(2) if i not in which]
        iterations = [int(path.name[11:19]) for path in paths]
        if good:
            assert int(found.state["iteration"]) == iterations[good[0]]
        else:
            assert found is None
    finally:
        for path, content in zip(paths, whole):
            path.write_bytes(content)


both = st.sampled_from([{0}, {1}, {0, 1}])


@few
@given(places, flips)
def test_damaged_record(store, place, flip):
    check_record(store, place, flip)


@few
@given(places, flips)
def test_damaged_weights(store, place, flip):
    check_weights(store, place, flip)


@few
@given(both, places, flips)
def test_damaged_checkpoints(store, which, place, flip):
    check_checkpoints(store, which, place, flip)


@pytest.mark.slow
@many
@given(places, flips)
def test_damaged_record_often(store, place, flip):
    check_record(store, place, flip)


@pytest.mark.slow
@many
@given(places, flips)
def test_damaged_weights_often(store, place, flip):
    check_weights(store, place, flip)


@pytest.mark.slow
@many
@given(both, places, flips)
def test_damaged_checkpoints_often(store, which, place, flip):
    check_checkpoints(store, which, place, flip)


anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.binary(max_size=9)
)
anything |= st.lists(anything, max_size=3)


@few
@given(anything, anything, anything, anything, anything)
def test_a_recipe_of_anything_is_a_parameter_error(profile, kind, depth, seed, iterations):
    with pytest.raises(ParameterError):
        Recipe(profile, kind, depth, seed, "digits", iterations)


@few
@given(st.sampled_from([*PROFILES]), st.sampled_from(KINDS), anything, st.integers(-9, 9), anything)
def test_only_depths_of_the_form_are_taken(profile, kind, depth, seed, iterations):
    arguments = profile, kind, depth, seed, "digits", iterations
    recipe, told = attempt(lambda: Recipe(*arguments), ParameterError)
    if recipe is None:
        assert "is not allowed" in told
    else:
        assert (recipe.depth % 6, recipe.iterations > 0, recipe.seed >= 0) == (2, True, True)


@few
@given(anything)
def test_a_list_of_anything_is_a_list_or_a_parameter_error(values):
    check = check_list, "depths", values, lambda _value: None, "depths"
    checked, told = attempt(lambda: check[0](*check[1:]), ParameterError)
    assert checked == list(values) if checked is not None else "depths" in told


@few
@given(anything, anything, anything)
def test_a_sweep_told_anything_writes_nothing(tmp_path, device, jobs, threads):
    (recipe,) = recipes("quick", ["plain"], [8], [0], 1)
    valid = device in ("auto", "cpu") and type(jobs) is int and 1 <= jobs <= 256
    if valid:
        return
    with pytest.raises((ParameterError, EngineError)):
        ensure([recipe], device, tmp_path, jobs=jobs, threads=threads)
    assert not list(tmp_path.iterdir())
