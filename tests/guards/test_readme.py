"""What the README and CONTRIBUTING show must run as it stands there.

Each Python block runs in a process of its own, with warnings as errors; only the number of
epochs is cut.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCKS = [
    (name, block)
    for name in ("README.md", "CONTRIBUTING.md")
    for block in re.findall(r"```python\n(.*?)```", (ROOT / name).read_text("utf-8"), re.DOTALL)
]


def test_there_is_something_to_run():
    assert len(BLOCKS) >= 3


@pytest.mark.parametrize(("name", "block"), BLOCKS)
def test_a_block_runs_as_shown(name, block, tmp_path):
    code = "import minigen\n" + re.sub(r"epochs=\d+", "epochs=1", block)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{name}:\n{block}\n{done.stderr}"
