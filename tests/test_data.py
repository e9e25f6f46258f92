"""Reading and packing CIFAR-10: the two forms agree, and no damaged byte goes unseen."""

import miniature
import numpy as np
import pytest
from click.testing import CliRunner

from residual.cli import main
from residual.data import cifar10
from residual.data.fetch import pack
from residual.errors import DataError


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """The library expects the miniature set."""
    miniature.install(monkeypatch)


@pytest.fixture
def packed(tmp_path):
    """A folder that holds the packed miniature."""
    cifar10.pack(miniature.parts(), tmp_path / cifar10.PACKED)
    return tmp_path


@pytest.fixture
def official(tmp_path):
    """A folder that holds the official batches of the miniature."""
    (tmp_path / cifar10.OFFICIAL).mkdir()
    for name, content in miniature.official_files().items():
        (tmp_path / cifar10.OFFICIAL / name).write_bytes(content)
    return tmp_path


def same(read, expected) -> bool:
    return all(np.array_equal(a, b) for x, y in zip(read, expected) for a, b in zip(x, y))


def flip(path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 0xFF
    path.write_bytes(content)


def is_seen(folder, name: str) -> bool:
    """Whether reading fails with the file's name; if not, it must give the very same arrays."""
    try:
        read = cifar10.read(folder)
    except DataError as error:
        return name in str(error) or pytest.fail(f"{error} does not name {name}")
    return not same(read, miniature.parts()) and pytest.fail("a damaged set was read")


@pytest.mark.parametrize("form", ["packed", "official"])
def test_both_forms_give_the_same_arrays(form, request):
    folder = request.getfixturevalue(form)
    read = cifar10.read(folder)
    assert same(read, miniature.parts())
    assert read[0][0].dtype == np.uint8
    assert read[0][1].dtype == np.int64


@pytest.mark.parametrize("form", ["packed", "official"])
def test_the_folder_itself_may_be_named(form, request):
    folder = request.getfixturevalue(form)
    (inner,) = folder.iterdir()
    renamed = inner.rename(folder / "a-name-of-its-own")
    assert same(cifar10.read(renamed), miniature.parts())


def test_a_missing_set_names_the_folder_and_the_command(tmp_path):
    with pytest.raises(DataError) as caught:
        cifar10.read(tmp_path / "nowhere")
    for part in (str(tmp_path / "nowhere"), "residual data", "RESIDUAL_DATA", cifar10.PACKED):
        assert part in str(caught.value)


def test_a_flipped_byte_in_a_shard_is_never_read(packed):
    """Every byte in turn: an error that names the shard, or the very same pixels."""
    path = packed / cifar10.PACKED / "data_batch_3.webp"
    whole, seen = path.read_bytes(), 0
    for position in range(0, len(whole), 101):
        flip(path, position)
        seen += is_seen(packed, "data_batch_3")
        path.write_bytes(whole)
    assert seen > len(range(0, len(whole), 101)) * 0.9


def test_a_flipped_byte_in_the_labels_is_never_read(packed):
    path = packed / cifar10.PACKED / cifar10.LABEL_FILE
    whole, seen = path.read_bytes(), 0
    for position in range(len(whole)):
        flip(path, position)
        seen += is_seen(packed, cifar10.LABEL_FILE)
        path.write_bytes(whole)
    assert seen > 24


@pytest.mark.parametrize("name", ["test_batch.webp", cifar10.LABEL_FILE])
@pytest.mark.parametrize("size", [0, 20])
def test_a_truncated_file_is_named(packed, name, size):
    path = packed / cifar10.PACKED / name
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DataError, match=name):
        cifar10.read(packed)


def test_a_missing_shard_is_named(packed):
    (packed / cifar10.PACKED / "data_batch_2.webp").unlink()
    with pytest.raises(DataError, match=r"data_batch_2\.webp is missing"):
        cifar10.read(packed)


def test_swapped_shards_are_seen(packed):
    first, second = (packed / cifar10.PACKED / f"data_batch_{i}.webp" for i in (1, 2))
    first.write_bytes(second.read_bytes())
    with pytest.raises(DataError, match="images of data_batch_1"):
        cifar10.read(packed)


def test_an_altered_pickle_is_named_and_never_loaded(official):
    """A pickle can run code, so it is not opened unless its MD5 is the official one."""
    trap = official / "ran"
    code = f"cos\nmkdir\n(V{trap}\ntR."
    (official / cifar10.OFFICIAL / "data_batch_4").write_bytes(code.encode())
    with pytest.raises(DataError, match=r"data_batch_4 is not the official file"):
        cifar10.read(official)
    assert not trap.exists()


def test_packing_gives_verified_shards_and_nothing_else(official, tmp_path):
    said, target = [], tmp_path / "to" / "carry"
    place = pack(official, target, said.append)
    assert same(cifar10.read(target), miniature.parts())
    assert sorted(path.name for path in target.iterdir()) in (
        [cifar10.PACKED],
        [".fetching.lock", cifar10.PACKED],
    )
    assert place == target / cifar10.PACKED
    assert str(target) in said[-1]


def test_packing_again_says_that_it_is_there(packed):
    said = []
    pack(packed, packed, said.append)
    assert len(said) == 1
    assert "every byte verified" in said[0]


def test_packing_a_damaged_set_leaves_nothing(packed, tmp_path):
    flip(packed / cifar10.PACKED / cifar10.LABEL_FILE, -1)
    with pytest.raises(DataError, match=cifar10.LABEL_FILE):
        pack(packed, tmp_path / "target", print)
    assert not (tmp_path / "target").exists()


def test_the_commands_verify_and_pack(packed, tmp_path):
    shown = CliRunner().invoke(main, ["data", "--data", str(packed)])
    assert shown.exit_code == 0
    assert "every byte verified" in shown.output
    target = tmp_path / "node"
    shown = CliRunner().invoke(main, ["data", "--data", str(packed), "pack", str(target)])
    assert shown.exit_code == 0
    assert same(cifar10.read(target), miniature.parts())


def test_the_command_names_a_damaged_file_in_one_sentence(packed):
    flip(packed / cifar10.PACKED / cifar10.LABEL_FILE, -1)
    shown = CliRunner().invoke(main, ["data"], env={"RESIDUAL_DATA": str(packed)})
    assert shown.exit_code == 2
    assert cifar10.LABEL_FILE in shown.output
    assert "Traceback" not in shown.output
