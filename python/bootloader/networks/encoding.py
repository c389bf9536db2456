"""From a frame of attributes and numbers to the codes and scaled numbers that a network takes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

MISSING = "#na#"  # fastai's name for the value of an attribute that is not known


@dataclass(frozen=True)
class Encoding:
    """What was learned about the columns of a frame, to be applied to others.

    It does what fastai's Categorify and Normalize do, for columns that may be missing or constant.

    Attributes:
        classes: for each attribute its values; the position of a value is its code, and 0 stands
            for a missing or new one.
        scales: one row per number: attribute, mean, standard_deviation. The deviation of a number
            that never varies is infinite, so that it is scaled to 0.
    """

    classes: dict[str, list[str]]
    scales: pd.DataFrame

    @classmethod
    def fit(
        cls, frame: pd.DataFrame, attributes: list[str], numbers: list[str], table: str
    ) -> "Encoding":
        """Learn the values of each attribute and the scale of each number from a frame.

        Args:
            frame: the training rows.
            attributes: the columns with values from a small set.
            numbers: the columns with numbers.
            table: where the rows come from, for the message of an error.

        Raises:
            ValueError: the frame lacks a column.
        """
        for name in (*attributes, *numbers):
            if name not in frame:
                raise ValueError(
                    f"column `{name}` is missing from {table}: the list of attributes or features "
                    "in macros/ lacks it, or an event field does"
                )
        # A value that is spelled like a missing one counts as one.
        classes = {
            name: [MISSING, *pd.Categorical(frame[name]).categories.drop(MISSING, errors="ignore")]
            for name in attributes
        }
        values = frame[numbers].astype(np.float64)
        means = values.mean().fillna(0)
        deviations = values.std(ddof=0).fillna(0)
        # A constant column still has a deviation of about 1e-16 times its size: it is none.
        deviations = deviations.where(deviations > 1e-9 * means.abs().clip(lower=1), np.inf)
        scales = pd.DataFrame(
            {
                "attribute": numbers,
                "mean": means.to_numpy(),
                "standard_deviation": deviations.to_numpy(),
            }
        )
        return cls(classes, scales)

    def codes(self, frame: pd.DataFrame) -> np.ndarray:
        """Return the codes of the attributes, int64 of shape (rows, attributes).

        Columns that are categorical already are encoded value by value, not row by row.
        """
        columns = []
        for name, values in self.classes.items():
            column = pd.Categorical(frame[name])
            code_of = pd.Index(values[1:], dtype=object).get_indexer(column.categories) + 1
            # The last one is for what is missing, whose position is -1.
            columns.append(np.append(code_of, 0)[column.codes])
        return np.stack(columns, axis=1)

    def numbers(self, frame: pd.DataFrame) -> np.ndarray:
        """Return the scaled numbers, float32 of shape (rows, numbers); a missing one is 0."""
        scales = self.scales.set_index("attribute")
        values = frame[scales.index].astype(np.float64)
        scaled = (values - scales["mean"]) / scales["standard_deviation"]
        return scaled.fillna(0).to_numpy(np.float32)
