"""Memory that is freed is kept for what comes next."""

import subprocess
import sys

import pytest

from residual.allocation import keep_memory

FAULTS = """
import ctypes, resource, sys
from residual.allocation import keep_memory

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
SIZE = 2**24  # as large as a layer's output in an evaluation

def layers():
    blocks = [libc.malloc(SIZE) for _ in range(10)]
    for block in blocks:
        ctypes.memset(block, 1, SIZE)
    for block in reversed(blocks):
        libc.free(block)

if sys.argv[1] == "kept":
    keep_memory()
for _ in range(3):
    layers()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
layers()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def pages(how: str) -> int:
    """How many pages a process asks for that had and freed as much memory before."""
    command = [sys.executable, "-c", FAULTS, how]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(not keep_memory(), reason="the C library is not glibc")
def test_what_was_freed_is_not_asked_for_again():
    assert pages("kept") < 100 < 10_000 < pages("freed")
