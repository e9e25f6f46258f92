"""Memory that is freed is kept for what comes next."""

import subprocess
import sys

import pytest

from residual.allocation import keep_memory

FAULTS = """
import resource, sys
import torch
from residual.threads import computing_with

def layers():
    return [torch.zeros(2**22) for _ in range(10)]  # as large as an evaluation's outputs

if sys.argv[1] == "kept":
    with computing_with(1):
        pass
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
