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
    allclose equal_nan
    arange dtype
    argsort kind
    argwhere
    asarray dtype
    ascontiguousarray
    clip
    concatenate axis
    copy
    cos
    cumsum
    einsum
    empty dtype
    empty_like
    exp out
    expm1
    eye dtype
    flip
    full dtype
    isfinite
    isnan
    linspace dtype
    log
    log1p
    matmul out
    maximum out
    mean
    multiply out
    ones dtype
    ones_like dtype
    repeat axis
    rint
    searchsorted
    sign
    sin
    sqrt out
    subtract out
    tanh out
    tile
    where
    zeros dtype
    zeros_like dtype
    """
)

# Functions that lie deeper: xp(x).NAME with dots
WITHIN = _table(
    """
    add.at
    lib.stride_tricks.as_strided
    linalg.cholesky
    linalg.qr
    """
)

# Methods of arrays: x.NAME
METHODS = _table(
    """
    all
    any
    argmax axis
    astype copy
    clip
    copy
    diagonal
    max axis keepdims
    mean axis keepdims
    min
    ravel order
    reshape
    sum axis keepdims
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
