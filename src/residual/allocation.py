"""Memory that is kept from one iteration to the next."""

import ctypes
import platform
import sys
from functools import cache

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # parameters of glibc's mallopt
WHOLE, LARGEST = 2**31 - 1, 32 * 2**20  # bytes: never trim; the most that glibc takes


@cache
def keep_memory() -> bool:
    """Let the C library keep what this process frees, instead of giving it back to the system.

    Every page that is asked for again costs a fault, which in an evaluation on a CPU is a quarter
    of the time. The peak is what it was, and stays until the process ends. Returns whether it was
    done: on Linux with glibc; elsewhere nothing changes.
    """
    if not sys.platform.startswith("linux") or platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(TRIM_THRESHOLD, WHOLE) and mallopt(MMAP_THRESHOLD, LARGEST))
