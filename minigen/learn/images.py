"""Pictures inside a terminal that can show them; elsewhere nothing is sent.

Two protocols are common: that of kitty, which takes PNG, and that of iTerm2.
"""

import base64
import os
from collections.abc import Mapping
from pathlib import Path

CHUNK = 4096  # bytes of base64 in one message of kitty's protocol


def protocol(environment: Mapping[str, str] = os.environ) -> str:
    """ "kitty", "iterm2" or "": what the terminal says of itself."""
    program = environment.get("TERM_PROGRAM", "")
    if "kitty" in environment.get("TERM", "") or "KITTY_WINDOW_ID" in environment:
        return "kitty"
    if program in ("ghostty", "WezTerm"):
        return "kitty"
    return "iterm2" if program == "iTerm.app" else ""


def escape(path: Path, protocol: str) -> str:
    """What to print so that the terminal shows the file; "" where it cannot."""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    if protocol == "iterm2":
        return f"\033]1337;File=inline=1;width=80%:{data}\a\n"
    if protocol != "kitty" or path.suffix != ".png":
        return ""
    pieces = [data[i : i + CHUNK] for i in range(0, len(data), CHUNK)]
    found = ""
    for i, piece in enumerate(pieces):
        head = "a=T,f=100," if i == 0 else ""
        found += f"\033_G{head}m={int(i < len(pieces) - 1)};{piece}\033\\"
    return found + "\n"
