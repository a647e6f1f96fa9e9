r"""Entries for the rules that take a step along the gradient of the moment.

Wrong variants are not kept here: there is little to get wrong in these but a sign.
"""

import numpy

from minigen.equations.equation import equation

STEP = {
    r"\theta_t": "parameters after t steps",
    r"\alpha": "step size, > 0",
    r"\nabla J": "gradient of the loss with respect to the parameters",
}
ROOT = {
    "v_t": "running mean of the squared gradient, 0 at first",
    r"\epsilon": "small number > 0, in units of the gradient",
}


@equation(
    "GD",
    title="Gradient descent",
    latex=r"\theta_{t+1} = \theta_t - \alpha \nabla J(\theta_t)",
    symbols=STEP | {"J": "loss over the whole data set"},
    source="Cauchy 1847",
    code="minigen.optim.gd.GD",
)
def gd(theta0, gradients, alpha):
    trajectory = [numpy.array(theta0, dtype=float)]
    for g in gradients:
        trajectory.append(trajectory[-1] - alpha * g)
    return numpy.array(trajectory)


@equation(
    "SGD",
    title="Stochastic gradient descent",
    latex=r"\theta_{t+1} = \theta_t - \alpha \nabla J(\theta_t, B_i)",
    symbols=STEP | {"B_i": "mini-batch i of a random split of the data set"},
    source="Robbins and Monro 1951",
    code="minigen.optim.sgd.SGD",
)
def sgd(theta0, gradients, alpha):
    trajectory = [numpy.array(theta0, dtype=float)]
    for g in gradients:  # g is the gradient of one mini-batch
        trajectory.append(trajectory[-1] - alpha * g)
    return numpy.array(trajectory)


@equation(
    "RMSPROP",
    title="RMSprop, epsilon outside the root",
    latex=r"\begin{aligned} v_{t+1} &= \beta v_t + (1 - \beta) g_t^2 \\"
    r" \theta_{t+1} &= \theta_t - \alpha \frac{g_t}{\sqrt{v_{t+1}} + \epsilon} \end{aligned}",
    symbols={
        r"\theta_t": "parameters after t steps",
        "g_t": "gradient of the loss at them",
        r"\alpha": "step size, > 0, in units of theta",
        r"\beta": "what remains of v after a step, 0 to 1",
    }
    | ROOT,
    source="Tieleman and Hinton 2012, lecture 6.5, which has no epsilon",
    code="minigen.optim.rmsprop.RMSprop",
)
def rmsprop(theta0, gradients, alpha, beta, epsilon):
    theta = numpy.array(theta0, dtype=float)
    v = numpy.zeros_like(theta)
    trajectory = [theta]
    for g in gradients:
        v = beta * v + (1 - beta) * g**2
        theta = theta - alpha * g / (numpy.sqrt(v) + epsilon)
        trajectory.append(theta)
    return numpy.array(trajectory)
