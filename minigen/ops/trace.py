"""What a forward pass leaves for the backward pass beside its result."""


class Trace:
    """Passed to a primitive as a setting, a new one for each call; the forward pass fills it.

    For what is too dear to compute again. Gradients of gradients do not see it.
    """

    def fresh(self) -> "Trace":
        """An empty one, for computing the same again without touching what this one holds."""
        return type(self)()
