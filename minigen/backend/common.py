"""What NumPy and CuPy 14 have in common, as far as minigen uses it: names and keyword arguments.

A test finds every use in the source and holds it to these tables, and the tables to CuPy where it
is installed; the device double offers nothing else.
"""


def _table(text: str) -> dict[str, frozenset[str]]:
    """One name a line, its keyword arguments behind it."""
    rows = (line.split() for line in text.strip().splitlines())
    return {name: frozenset(settings) for name, *settings in rows}


# Functions of the module: xp(x).NAME
FUNCTIONS = _table(
    """
    abs out
    add out
    allclose rtol atol
    arange dtype
    argsort axis kind
    argwhere
    asarray dtype
    ascontiguousarray dtype
    clip out
    concatenate axis out
    copy order
    cos out
    cov rowvar ddof
    cumsum axis out
    divide out
    einsum
    empty dtype
    empty_like dtype
    exp out
    expm1 out
    eye dtype
    flip axis
    full dtype
    isfinite out
    isnan out
    linspace dtype
    log out
    log1p out
    matmul out
    maximum out
    mean axis out keepdims
    minimum out
    multiply out
    negative out
    ones dtype
    ones_like dtype
    repeat axis
    rint out
    searchsorted side
    sign out
    sin out
    sqrt out
    stack axis out
    subtract out
    tanh out
    tile
    where
    zeros dtype
    zeros_like dtype
    """
)

# Methods of arrays: x.NAME
METHODS = _table(
    """
    all axis out keepdims
    any axis out keepdims
    argmax axis
    astype copy
    clip
    copy order
    diagonal
    fill
    max axis out keepdims
    mean axis out keepdims
    min axis out keepdims
    ravel order
    reshape
    sum axis out keepdims
    swapaxes
    transpose
    view
    """
)

# Operators between arrays, and between arrays and numbers.
INFIX = tuple(
    f"__{name}__"
    for name in (
        *("neg", "abs", "invert", "lt", "le", "gt", "ge", "eq", "ne", "matmul"),
        *(
            side + name
            for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or",
                         "xor")
            for side in ("", "r", "i")
        ),
        "rmatmul",
    )
)  # fmt: skip
