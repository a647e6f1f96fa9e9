"""What the data package raises when data cannot be used.

Wrong data that is read without complaint costs a day of training. So everything here is
refused with the same four parts: the operation, its rule, what came, and what to do about it.
"""


def message(operation: str, rule: str, got: str, remedy: str) -> str:
    """Join the four parts of an error into one sentence."""
    return f"{operation}: {rule}; got {got}; {remedy}"


class DataError(ValueError):
    """Data, or a request for data, that breaks a rule.

    Args:
        operation: the function or class that refuses, as the caller knows it.
        rule: what must hold.
        got: what came instead, with the path and the numbers.
        remedy: what the reader can do about it.
    """

    def __init__(self, operation: str, rule: str, got: str, remedy: str) -> None:
        super().__init__(operation, rule, got, remedy)

    def __str__(self) -> str:
        return message(*self.args)
