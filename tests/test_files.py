"""Atomic writes and locks."""

import errno
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext

import pytest

from residual import files
from residual.errors import StoreError
from residual.files import lockable
from residual.store import digest, own, write_atomically
from residual.turns import finish


@contextmanager
def locked(folder):
    """Own a folder, as a training does that takes turns with no other."""
    with lockable(folder) as lock:
        finish(own(lock), nullcontext())
        yield


def test_writes_a_file_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "new" / "file"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("call", ["fsync", "replace", "chmod"])
def test_a_full_disk_is_one_sentence_and_keeps_what_was_there(call, tmp_path, monkeypatch):
    path = tmp_path / "record.json"
    write_atomically(path, b"good")

    def full(*_arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, call, full)
    with pytest.raises(StoreError, match=r"record\.json.*No space left.*free some space"):
        write_atomically(path, b"bad")
    assert path.read_bytes() == b"good"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_in_the_way_is_one_sentence(tmp_path):
    (tmp_path / "store").write_text("no folder")
    with pytest.raises(StoreError, match="store"), locked(tmp_path / "store" / "run"):
        pass
    with pytest.raises(StoreError, match="store"):
        write_atomically(tmp_path / "store" / "file", b"")


OWNER = """
import sys, time
from pathlib import Path
from contextlib import nullcontext
from residual.files import lockable
from residual.turns import finish
with lockable(Path(sys.argv[1])) as lock:
    finish(own(lock), nullcontext())
    print("owns", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def owner(folder, seconds: float) -> subprocess.Popen:
    """Another process that owns the folder for a while."""
    command = [sys.executable, "-c", OWNER, str(folder), str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"owns\n"
    return process


def test_waits_for_a_living_owner(tmp_path):
    with owner(tmp_path, 1.0) as other:
        begun = time.monotonic()
        with locked(tmp_path):
            waited = time.monotonic() - begun
        assert other.wait() == 0
    assert waited > 0.5


def test_a_dead_owner_does_not_block_and_its_litter_is_removed(tmp_path):
    with owner(tmp_path, 600) as other:
        (tmp_path / ".content.json-abc.part").write_text("half")
        other.send_signal(signal.SIGKILL)
        other.wait()
    begun = time.monotonic()
    with locked(tmp_path):
        assert not (tmp_path / ".content.json-abc.part").exists()
    assert time.monotonic() - begun < 5


def test_the_lock_is_given_back_even_if_it_was_taken_while_asking(tmp_path):
    with lockable(tmp_path) as lock:
        assert files.taken(lock)
        assert files.taken(lock)
    with lockable(tmp_path) as lock:
        assert files.taken(lock)


def test_while_another_owns_it_others_may_go_on(tmp_path):
    with owner(tmp_path, 600) as other, lockable(tmp_path) as lock:
        work = own(lock)
        ready = next(work)
        assert not ready()
        other.kill()
        other.wait()
        assert ready()
        with pytest.raises(StopIteration):
            next(work)
        assert lock.is_locked


def test_digest_is_sha256():
    assert digest(b"").startswith("e3b0c44298fc1c14")
