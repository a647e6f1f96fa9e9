"""Floor 1: reverse-mode differentiation of programs made of primitives."""

from minigen.autograd.anomaly import may_look
from minigen.autograd.backward import backpropagate, backward, grad, reachable, unbroadcast
from minigen.autograd.node import Node, Traced, leaf_node
from minigen.autograd.primitive import Primitive, primitive
from minigen.autograd.state import GraphError, detect_anomaly, is_recording, no_grad

__all__ = [
    "GraphError",
    "Node",
    "Primitive",
    "Traced",
    "backpropagate",
    "backward",
    "detect_anomaly",
    "grad",
    "is_recording",
    "leaf_node",
    "may_look",
    "no_grad",
    "primitive",
    "reachable",
    "unbroadcast",
]
