"""Floor 0: the only place that knows NumPy from CuPy.

The differences between the two that minigen's ops meet are all in ``differences.py``.
"""

from minigen.backend.capture import capturer
from minigen.backend.differences import (
    column_sums,
    concatenate,
    erf,
    overflow_ignored,
    read_only,
    row_maxima,
    row_sums,
    scatter_add,
    scatter_add_rows,
    smallest_number,
)
from minigen.backend.gemm import gemm
from minigen.backend.host_kernels import aligned, host_kernels_of
from minigen.backend.info import info
from minigen.backend.kernels import kernels_of
from minigen.backend.memory import keep_freed_memory
from minigen.backend.modules import (
    MODULE_OF_TYPE,
    NUMBER_TYPES,
    Array,
    BackendError,
    CaptureError,
    active,
    active_name,
    asarray,
    choice,
    chosen_by_auto,
    configure_from_environment,
    is_array,
    name_of,
    on_host,
    to_numpy,
    use_backend,
    xp,
)
from minigen.backend.parallel import blockwise, contiguous, in_chunks, in_parts, product
from minigen.backend.random import Generator, Shape, check_generator, generator

__all__ = [
    "MODULE_OF_TYPE",
    "NUMBER_TYPES",
    "Array",
    "BackendError",
    "CaptureError",
    "Generator",
    "check_generator",
    "Shape",
    "active",
    "active_name",
    "aligned",
    "asarray",
    "blockwise",
    "contiguous",
    "capturer",
    "column_sums",
    "concatenate",
    "choice",
    "chosen_by_auto",
    "configure_from_environment",
    "erf",
    "gemm",
    "generator",
    "host_kernels_of",
    "in_chunks",
    "in_parts",
    "info",
    "is_array",
    "kernels_of",
    "keep_freed_memory",
    "name_of",
    "on_host",
    "overflow_ignored",
    "product",
    "read_only",
    "row_maxima",
    "row_sums",
    "scatter_add",
    "scatter_add_rows",
    "smallest_number",
    "to_numpy",
    "use_backend",
    "xp",
]
