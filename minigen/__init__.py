from minigen import backend
from minigen.autograd import detect_anomaly, grad, no_grad, GraphError
from minigen.tensor import *
from minigen.tensor import tensor, Tensor
from minigen import ops
