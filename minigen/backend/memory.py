"""Keep glibc from returning every large temporary to the kernel.

By default glibc maps and unmaps each array above 128 KiB, and the page faults of fresh pages
make an elementwise expression several times slower than its arithmetic. Raising two limits
keeps freed memory for the next temporary. ``MINIGEN_MALLOC=system`` leaves glibc as it was;
other C libraries are never touched.
"""

import ctypes
import os
import platform

M_TRIM_THRESHOLD = -1  # mallopt's parameter numbers, from glibc's malloc.h
M_MMAP_THRESHOLD = -3


def keep_freed_memory() -> bool:
    """Tell glibc to reuse freed memory of up to 1 GiB a block; True if it agreed."""
    if os.environ.get("MINIGEN_MALLOC") == "system":
        return False
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    mallopt.argtypes = (ctypes.c_int, ctypes.c_int)
    mallopt.restype = ctypes.c_int
    return bool(mallopt(M_MMAP_THRESHOLD, 1 << 30)) and bool(
        mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1)
    )
