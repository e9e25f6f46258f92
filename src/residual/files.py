"""Writing files so that a reader never sees half of one, and owning a folder while one trains."""

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from residual.errors import StoreError
from residual.turns import Work

LOCK, PARTIAL = "run.lock", ".part"
POLL_SECONDS = 0.05

log = logging.getLogger(__name__)


def write_atomically(path: Path, content: bytes) -> None:
    """Write to a temporary file in the same folder, sync it, rename it into place, sync the folder.

    StoreError if the file cannot be written; what was at `path` before is then still there.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(PARTIAL, f".{path.name}-", path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
        sync(path.parent)


def sync(folder: Path) -> None:
    """Make renames in a folder last through a power cut, where the system can do that."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns an OSError into a StoreError that names the path and says what to do."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written ({error.strerror or error}): free some space, mend the "
            "folder's rights or name another store, then give the same command again; a training "
            "goes on from its last checkpoint."
        ) from error


@contextmanager
def lockable(folder: Path) -> Iterator[FileLock]:
    """The lock of a run's folder: not taken yet, and given back at the end if it was.

    The lock is the system's, so that it ends with its process, however that dies. StoreError at
    once if the folder cannot be written.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK)
    try:
        yield lock
    finally:
        lock.release()


def own(lock: FileLock) -> Work[None]:
    """Take a run's lock; while another process has it, other work here may go on."""
    folder = Path(lock.lock_file).parent
    if not taken(lock):
        log.info("%s is being trained by another process: waiting for it.", folder.name)
    while not taken(lock, POLL_SECONDS):
        yield partial(taken, lock)
    for left in folder.glob(f".*{PARTIAL}"):  # by a process that was killed
        left.unlink()


def taken(lock: FileLock, seconds: float = 0.0) -> bool:
    """Whether the lock is ours, now or within so many seconds."""
    with writing(Path(lock.lock_file)):
        try:
            return lock.is_locked or bool(lock.acquire(timeout=seconds))
        except Timeout:
            return False


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
