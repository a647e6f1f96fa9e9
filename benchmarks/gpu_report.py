"""The result of the GPU benchmark: its file, its lines for people, and its table for the README."""

import json
import os
import statistics
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.report import quartiles

COLUMNS = {  # engine and mode -> what it is called
    "minigen eager": "minigen",
    "minigen captured": "minigen, captured",
    "torch eager": "PyTorch",
    "torch compiled": "torch.compile",
    "torch graph": "PyTorch, CUDA graph",
}
OURS, THEIRS = "minigen captured", tuple(c for c in COLUMNS if c.startswith("torch"))


def driver() -> str | None:
    """The version of NVIDIA's driver, or None where nvidia-smi does not say."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip().partition("\n")[0] or None if done.returncode == 0 else None


def row(
    workload: str, tf32: bool, times: dict[str, list[float]], errors: dict[str, str], steps: int
) -> dict[str, Any]:
    """The figures of one workload; times: engine and mode -> milliseconds a step, one a round."""
    return {
        "name": workload,
        "tf32": tf32,
        "ms": {key: statistics.median(found) for key, found in times.items()},
        "quartiles": {key: quartiles(found)[::2] for key, found in times.items()},
        "errors": errors,
        "rounds": max(map(len, times.values()), default=0),
        "steps": steps,
        "round_ms": times,
    }


def write(path: Path, result: dict[str, Any]) -> None:
    """The result as a file, which is never there by halves."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    os.replace(part, path)


def environment_lines(result: dict[str, Any]) -> list[str]:
    """What everything ran on."""
    minigen, torch = (result["environment"].get(key) for key in ("minigen", "torch"))
    gpu = minigen["gpu"]
    lines = [
        f"{gpu['name']}, driver {result['driver'] or 'unknown'}, {result['date'][:10]}",
        f"minigen {minigen['minigen']}, CuPy {gpu['cupy']}, CUDA {version(gpu['cuda_runtime'])}, "
        f"NumPy {minigen['packages']['numpy']}, Python {minigen['python']}",
    ]
    if torch is None:
        return [*lines, "PyTorch was not timed"]
    return [*lines, f"PyTorch {torch['torch']}, CUDA {torch['cuda']}, cuDNN {torch['cudnn']}"]


def version(number: int) -> str:
    """CUDA's version as people write it: 13000 is 13.0."""
    return f"{number // 1000}.{number % 1000 // 10}"


def row_lines(figures: dict[str, Any], description: str) -> list[str]:
    """One workload, for people."""
    precision = "TF32 allowed" if figures["tf32"] else "float32 throughout"
    lines = ["", f"{figures['name']}: {description}; {precision}"]
    for key, title in COLUMNS.items():
        if key in figures["ms"]:
            low, high = figures["quartiles"][key]
            ms = figures["ms"][key]
            lines.append(f"  {title:20}{ms:9.3f} ms a step    quartiles {low:.3f} to {high:.3f}")
        elif key in figures["errors"]:
            lines.append(f"  {title:20}  failed: {figures['errors'][key]}")
    return [*lines, f"  medians over {figures['rounds']} rounds of {figures['steps']} steps"]


def table(result: dict[str, Any], titles: dict[str, str]) -> str:
    """The result in Markdown: milliseconds a step, and how many times as fast as PyTorch's best a
    captured step is. titles: workload -> what it is called."""
    used = [key for key in COLUMNS if any(key in r["ms"] for r in result["rows"])]
    head = ["training step, ms", "TF32", *(COLUMNS[key] for key in used), "gain"]
    lines = ["; ".join(environment_lines(result)) + ".", "", line(head), line(["---"] * len(head))]
    for r in result["rows"]:
        figures = [f"{r['ms'][key]:.3f}" if key in r["ms"] else "failed" for key in used]
        best = min((r["ms"][key] for key in THEIRS if key in r["ms"]), default=None)
        gain = f"{best / r['ms'][OURS]:.2f}x" if best and OURS in r["ms"] else "-"
        title = titles.get(r["name"], r["name"])
        lines.append(line([title, "on" if r["tf32"] else "off", *figures, gain]))
    rounds, steps = (sorted({r[key] for r in result["rows"]}) for key in ("rounds", "steps"))
    counts = [" or ".join(map(str, each)) for each in (rounds, steps)]
    after = f"Medians over {counts[0]} rounds of {counts[1]} steps; gain: against PyTorch's best."
    return "\n".join([*lines, "", after])


def line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
