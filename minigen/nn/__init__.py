"""Floor 5: layers, their parameters and how these begin."""

from minigen.nn.parameter import Parameter

__all__ = ["Parameter"]
