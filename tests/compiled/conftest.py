"""Compilers, and the kernels that they make for one kind of processor or another."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from minigen.backend import compiler, host_kernels

PROCESSORS = {  # what the kernels are compiled for -> what /proc/cpuinfo must name for it
    "native": (), "x86-64": (), "x86-64-v3": ("avx2", "fma"), "x86-64-v4": ("avx512f", "avx512vl"),
}  # fmt: skip
STRICT = ("-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wno-psabi")


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
    if processor == "native":
        return host_kernels.HostKernels(
            compiler.compiled(path, *compiler.for_this_processor(), *STRICT)
        )
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip(f"this machine is a {platform.machine()}, which does not run {processor}")
    cpuinfo = Path("/proc/cpuinfo")
    features = cpuinfo.read_text().split() if cpuinfo.exists() else []
    for feature in PROCESSORS[processor]:
        if feature not in features:
            pytest.skip(f"this processor is not known to have {feature}")
    flag = f"-march={processor}"
    known = subprocess.run([path, flag, "-E", "-x", "c", os.devnull], capture_output=True)
    if known.returncode != 0:
        pytest.skip(f"{path} does not know {flag}")
    return host_kernels.HostKernels(compiler.compiled(path, flag, *STRICT))
