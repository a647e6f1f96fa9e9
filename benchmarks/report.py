"""From times to figures, and from figures to lines that a person reads.

A figure without the processor, the BLAS kernels and the threads behind it says nothing, so
these come first. A ratio below 1 means that minigen is faster.
"""

import os
import platform
import statistics
from pathlib import Path
from typing import Any

from benchmarks.neighbours import BUSY


def processor() -> dict[str, Any]:
    """The processor's name, and how many cores this process may use."""
    name = platform.processor() or platform.machine()
    described = Path("/proc/cpuinfo")
    if described.is_file():
        for line in described.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    usable = getattr(os, "sched_getaffinity", None)
    return {"model": name, "cores": len(usable(0)) if usable else os.cpu_count()}


def quartiles(values: list[float]) -> list[float]:
    """Lower quartile, median and upper quartile."""
    if len(values) == 1:
        return values * 3
    return statistics.quantiles(values, n=4, method="inclusive")


def row(name: str, times: dict[str, list[float]], steps: int) -> dict[str, Any]:
    """The figures of one workload; times: engine -> milliseconds a step, a number a round."""
    minigen, torch = times["minigen"], times.get("torch")
    ratios = [m / t for m, t in zip(minigen, torch, strict=True)] if torch else None
    low, middle, high = quartiles(ratios) if ratios else (None, None, None)
    return {
        "name": name,
        "minigen_ms": statistics.median(minigen),
        "torch_ms": statistics.median(torch) if torch else None,
        "ratio": middle,
        "ratio_quartiles": [low, high] if ratios else None,
        "rounds": len(minigen),
        "steps": steps,
        "round_ms": times,
    }


def environment_lines(environment: dict[str, Any]) -> list[str]:
    """What everything ran on, for people."""
    cpu, minigen, torch = (environment.get(key) for key in ("processor", "minigen", "torch"))
    assert cpu is not None and minigen is not None
    blas = minigen["blas"]
    lines = [
        f"processor  {cpu['model']}, {cpu['cores']} cores",
        f"minigen    {minigen['minigen']} on NumPy {minigen['packages']['numpy']}, BLAS "
        f"{blas['name']} {blas['version']}, kernels {blas.get('architecture')}, "
        f"{blas['threads']} threads",
        f"           LSTMs compiled by {minigen['compiler']['path'] or 'nothing'} "
        f"({minigen['compiler']['why']})",
    ]
    if torch is None:
        return [*lines, "torch      not timed: minigen is timed alone"]
    return [
        *lines,
        f"torch      {torch['torch']}, BLAS {torch['blas']}, kernels {torch['cpu_capability']}, "
        f"{torch['threads']} threads",
    ]


def row_lines(figures: dict[str, Any], description: str) -> list[str]:
    """One workload, for people."""
    lines = [
        "",
        f"{figures['name']}: {description}",
        f"  minigen          {figures['minigen_ms']:8.3f} ms a step",
    ]
    if figures["torch_ms"] is not None:
        low, high = figures["ratio_quartiles"]
        lines += [
            f"  torch            {figures['torch_ms']:8.3f} ms a step",
            f"  minigen / torch  {figures['ratio']:8.3f}    quartiles {low:.3f} to {high:.3f}",
        ]
    peaks = " against ".join(
        f"{mib:.0f} MiB ({name})" for name, mib in figures["peak_mib"].items() if mib is not None
    )
    if peaks:
        lines.append(f"  peak memory of the process, with its libraries and the data: {peaks}")
    lines.append(f"  medians over {figures['rounds']} rounds of {figures['steps']} steps")
    others = figures["others_busy"]
    if others is not None and others > BUSY:
        lines.append(
            f"  not to be relied upon: other programs kept the processor {others:.0%} busy "
            "meanwhile; repeat when they are done"
        )
    return lines
