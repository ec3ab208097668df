"""Keep the memory that a training step frees.

A step on the CPU frees hundreds of MB and asks for them again at once. glibc gives large blocks back to the kernel each
time, which then clears every page anew: in a virtual machine that was half of the time of `fit`. See mallopt(3).
"""

import ctypes
import os

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -2, -4, -8  # of glibc's malloc.h
_NEVER = 2**31 - 1  # bytes at the heap's end above which it would shrink
_STEP = 256 * 2**20  # bytes by which it grows


def keep_freed_memory() -> bool:
    """Make malloc reuse what was freed, for the rest of this process.

    Returns:
        Whether it did: only glibc has these settings, and PyTorch's many sizes tear such a heap (12 GB after 70 steps
        of a B0, not 3).
    """
    if os.environ.get("KERAS_BACKEND") == "torch":
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    settings = ((_M_ARENA_MAX, 1), (_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, _NEVER), (_M_TOP_PAD, _STEP))
    return all(library.mallopt(name, value) for name, value in settings)
