"""The figures of every epoch, as rows of a table that any program can read."""

import csv
import io
import os

from minigen.files import write_text


class History:
    """Rows of named figures, one an epoch. All rows have the names of the first."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def add(self, row: dict[str, float]) -> None:
        """Append a row. Raises ValueError if its names are not those of the rows before."""
        if self.rows and list(row) != list(self.rows[0]):
            raise ValueError(
                f"History.add: every row must have the names {list(self.rows[0])}; got {list(row)}"
            )
        self.rows.append(row)

    def last(self) -> dict[str, float]:
        """The newest row."""
        return dict(self.rows[-1])

    def column(self, name: str) -> list[float]:
        """One figure over all epochs."""
        return [row[name] for row in self.rows]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the table as CSV with a header line, whole or not at all."""
        text = io.StringIO()
        if self.rows:
            writer = csv.DictWriter(text, fieldnames=list(self.rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)
        write_text(path, text.getvalue())
