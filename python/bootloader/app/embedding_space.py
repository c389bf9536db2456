"""What embeddings say about closeness: pure functions from arrays to arrays."""

import numpy as np


def unit_length(embeddings: np.ndarray) -> np.ndarray:
    """Scale each row to length 1, so that only its direction counts; zeros stay zeros.

    Args:
        embeddings: shape (values, dimensions), without a unit.
    """
    embeddings = np.asarray(embeddings, dtype=np.float64)
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    return embeddings / np.where(lengths == 0, 1, lengths)


def plane(embeddings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lay embeddings out in the two dimensions that keep most of their differences.

    Principal components of the embeddings at length 1: two values that lie close on the plane,
    where it keeps most of the differences, are those that :func:`similarities` calls similar.

    Args:
        embeddings: shape (values, dimensions), one or more values.

    Returns:
        The positions, shape (values, 2), and the share of the variance that each of the two
        dimensions keeps, shape (2,), from 0 to 1; zeros where all values are the same. The signs
        are such that in each dimension the value farthest from the middle lies on its positive
        side, the first one of several that are as far.
    """
    directions = unit_length(embeddings)
    left, strengths, _ = np.linalg.svd(directions - directions.mean(axis=0), full_matrices=False)
    variances = strengths**2
    # Below the precision of the stored numbers there is no difference, only noise.
    variances[variances < 1e-12 * len(directions)] = 0
    positions = np.zeros((len(directions), 2))
    shares = np.zeros(2)
    kept = min(2, len(variances))
    positions[:, :kept] = left[:, :kept] * np.sqrt(variances[:kept])
    if variances.sum() > 0:
        shares[:kept] = variances[:kept] / variances.sum()
    # Rounding before the comparison, so that two that are as far are so on every machine.
    farthest = np.abs(positions).round(9).argmax(axis=0)
    signs = np.where(positions[farthest, [0, 1]] < 0, -1, 1)
    return positions * signs, shares


def similarities(embeddings: np.ndarray, chosen: int) -> np.ndarray:
    """Return each value's cosine similarity to the chosen row, from -1 to 1, shape (values,)."""
    directions = unit_length(embeddings)
    return np.clip(directions @ directions[chosen], -1, 1)
