"""Floor 8: the command line, ``minigen``."""

from minigen.cli.main import main

__all__ = ["main"]
