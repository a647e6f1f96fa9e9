"""Compilers, and the kernels that they make for one kind of processor or another."""

import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from minigen.backend import compiler, host_kernels

PROCESSORS = {  # what the kernels are compiled for -> what /proc/cpuinfo must name for it
    "native": (), "x86-64": (), "x86-64-v3": ("avx2", "fma"), "x86-64-v4": ("avx512f", "avx512vl"),
}  # fmt: skip


@pytest.fixture(scope="session")
def compiled():
    """A function: the kernels for one of PROCESSORS. Skips the test where there are none."""
    found = {}

    def kernels(processor="native"):
        if processor not in found:
            found[processor] = make(processor)
        return found[processor]

    return kernels


def make(processor):
    path = next(filter(None, map(shutil.which, compiler.NAMES)), None)
    if path is None:
        pytest.skip(f"no C compiler: {', '.join(compiler.NAMES)} were not found")
    flag = compiler.for_this_processor()
    if processor != "native":
        if platform.machine() not in ("x86_64", "AMD64"):
            pytest.skip(f"this machine is a {platform.machine()}, which does not run {processor}")
        cpuinfo = Path("/proc/cpuinfo")
        flags = cpuinfo.read_text().split() if cpuinfo.exists() else []
        for feature in PROCESSORS[processor]:
            if feature not in flags:
                pytest.skip(f"this processor is not known to have {feature}")
        flag = (f"-march={processor}",)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "lstm.so")
        strict = ("-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wno-psabi")
        subprocess.run(
            [path, *compiler.FLAGS, *flag, *strict, str(compiler.SOURCE), "-o", str(made)],
            check=True,
        )
        return host_kernels.HostKernels(host_kernels.ctypes.CDLL(str(made)))
