"""Weighted least squares of a chain: two unknowns at every link, six that all links share."""

import numpy as np
from scipy.linalg import solveh_banded

from dsp.gait.model import Array

OUTLIER = 2.0  # standard deviations from which a row counts less (Huber)
OWN, NEXT, SHARED = slice(0, 2), slice(2, 4), slice(4, 10)


def solve(rows: Array, rest: Array, own: tuple[Array, Array], shared: tuple[Array, Array]) -> tuple[Array, Array]:
    """Unknowns (k, 2) and (6,) that leave least of `rest` (k, r), both sides in standard deviations.

    `rows` (k, r, 10): derivatives by the link's own two unknowns, the next link's two, the shared six. `own`, `shared`:
    what is expected of the unknowns before any row, and how sure (1 / variance). Rows of the last link have no next.
    """
    count = rows.shape[0]
    weight = 1 / np.maximum(1.0, np.abs(rest) / OUTLIER)
    normal = np.einsum("kri,kr,krj->kij", rows, weight, rows, optimize=True)
    right = np.einsum("kri,kr->ki", rows, weight * rest)
    border, aim = np.zeros((count, 2, 6)), own[0] * own[1]
    border += normal[:, OWN, SHARED]
    border[1:] += normal[:-1, NEXT, SHARED]
    aim += right[:, OWN]
    aim[1:] += right[:-1, NEXT]
    edge = border.reshape(-1, 6)
    corner = normal[:, SHARED, SHARED].sum(axis=0) + np.diag(shared[1])
    solved = solveh_banded(_band(normal, own[1]), np.column_stack([edge, aim.ravel()]), lower=True)
    through, alone = solved[:, :6], solved[:, 6]
    aim_shared = right[:, SHARED].sum(axis=0) + shared[0] * shared[1]
    found = np.linalg.solve(corner - edge.T @ through, aim_shared - edge.T @ alone)
    return (alone - through @ found).reshape(-1, 2), found


def _band(normal: Array, sure: Array) -> Array:
    """The links' own part as the lower band of its matrix."""
    count = normal.shape[0]
    band = np.zeros((4, 2 * count))
    for column in range(4):
        for row in range(column, 4):
            links = count if row < 2 else count - 1
            band[row - column, column : column + 2 * links - 1 : 2] += normal[:links, row, column]
    band[0] += np.broadcast_to(sure, (count, 2)).ravel()
    return band
