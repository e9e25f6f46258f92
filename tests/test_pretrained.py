"""A trained network in three lines."""

import re
import shutil
from pathlib import Path

import pytest
import torch

from residual import cifar10, load, store
from residual.data import data_folder
from residual.errors import ParameterError, RecordError
from residual.recipe import Recipe
from residual.sweep import Options, train


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> store.Record:
    """A run in a store of the reader's own."""
    options = Options("cpu", tmp_path_factory.mktemp("mine"))
    return train(Recipe.of("quick", "residual", 8, 0, 30), options)


@pytest.fixture
def made(trained, monkeypatch) -> store.Record:
    """The same, where the library looks for it."""
    monkeypatch.setenv("RESIDUAL_RUNS", str(trained.folder.parents[1]))
    return trained


def test_a_run_gives_the_error_of_its_record(made):
    from residual.data import load as load_data

    network = load(made.name)
    test = load_data("digits").test
    logits = network(network.normalise(test.images.permute(0, 3, 1, 2)))
    error = 100 * float((logits.argmax(1) != test.labels).float().mean())
    assert error == pytest.approx(made["metrics"]["test_error"])
    features = network.features(network.normalise(test.images[:2].permute(0, 3, 1, 2)))
    assert [f.shape[1] for f in features] == [16, 16, 32, 64]


def test_an_unknown_name_gives_the_nearest_ones(made):
    with pytest.raises(ParameterError, match=r"nearest are .*quick/residual-8-it30-s0"):
        load("quick/residual-8-it3-s0")
    with pytest.raises(ParameterError, match=r"nearest are public/akamaster/residual-20"):
        load("public/akamaster/resnet-20")
    with pytest.raises(ParameterError, match=r"file: None is not allowed; name the file"):
        load("public/akamaster/residual-20")
    with pytest.raises(ParameterError, match="nothing has this name"):
        load("quick/plain\0")
    for name in (None, Path("quick/residual-8-it30-s0"), 3):
        with pytest.raises(ParameterError, match=r"^name: .*name a record in quotes, such as"):
            load(name)
    with pytest.raises(ParameterError, match=r"name: 'akamaster/residual-20' is not allowed"):
        load("akamaster/residual-20", "other.th")
    with pytest.raises(ParameterError, match=r"file: 'other.th' is not allowed; only a network of"):
        load(made.name, "other.th")


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((2, 1, 8, 8), torch.float32), ((1, 8, 8), torch.uint8), ((2, 8, 8, 1), torch.uint8)],
)
def test_what_is_no_batch_of_bytes_is_not_normalised(shape, dtype, made):
    network = load(made.name)
    with pytest.raises(ParameterError, match=r"give a torch.uint8 tensor \(N, 1, 8, 8\)"):
        network.normalise(torch.zeros(shape, dtype=dtype))


def test_damaged_weights_are_not_loaded(made, tmp_path, monkeypatch):
    shutil.copytree(made.folder.parents[1], tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("RESIDUAL_RUNS", str(tmp_path))
    (tmp_path / made.name / "weights.safetensors").write_bytes(b"half")
    with pytest.raises(RecordError, match="damaged"):
        load(made.name)


def test_weights_of_ones_own_come_where_the_evidence_has_none(made, tmp_path, monkeypatch):
    (tmp_path / made.name).mkdir(parents=True)
    shutil.copy(made.folder / "record.json", tmp_path / made.name)
    monkeypatch.setenv("RESIDUAL_EVIDENCE", str(tmp_path))
    assert not load(made.name).training


def test_an_experiment_is_no_network():
    with pytest.raises(ParameterError, match="nothing has this name"):
        load("quick/experiments/solution-exists")


def test_committed_networks_load_without_their_data_set():
    names = [p.parent for p in (store.committed() / "desk").glob("*-20-*/weights.safetensors")]
    network = load(f"desk/{names[0].name}")
    images = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    assert network(network.normalise(images)).shape == (2, 10)
    assert not network.training


def printed(page: str) -> list[str]:
    """The Python code that a page shows, a piece each, in order."""
    text = (store.ROOT / page).read_text("utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def images() -> torch.Tensor:
    return torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8)


def test_the_readme_runs_as_printed():
    (code,) = printed("README.md")
    made = {"images": images()}
    exec(code, made)
    assert made["logits"].shape == (4, 10)


def test_the_page_on_loading_runs_as_printed(capsys):
    *pieces, error, _of_others = printed("book/loading.md")
    made = {"images": images()}
    for code in pieces:
        exec(code, made)
    assert len(made["features"]) == 10
    assert len(made["table"]["layer"]) == 19
    if cifar10.find(data_folder()) is None:
        pytest.skip("all but the error: CIFAR-10 is not here")
    capsys.readouterr()
    exec(error, made)
    record = store.read(store.committed() / "desk" / "residual-20-s0" / "record.json")
    assert capsys.readouterr().out == f"{record['metrics']['test_error']:.2f} %\n"
