"""How often each single cell is weak where P belongs to its bitline or wordline."""

import numpy as np

from eden.errors._models import ErrorModel
from eden.errors._scaling import bitline_weights, row_weights
from eden.errors._spatial import Bitline, Wordline

# Factors at which the mean BER is worked out; between them it runs straight in logarithms.
_FACTORS = 256


def stresses_of(
    error: ErrorModel,
    cells: np.ndarray,
    bers: np.ndarray,
    *,
    address: int,
    size_bytes: int,
    row_bytes: int = 8192,
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the stresses of cells, and the factor on them at each BER.

    At a BER a cell is weak with probability 1 - exp(-stress x factor), as `with_ber` scales it.

    Args:
        error: Any error model; None is returned of those whose cells are all alike, or known.
        cells: Bit addresses, int64 ``[n]``.
        bers: Means of P * F over the range, rising, above 0, ``[m]``.
        address: First byte of the range that they are means of.
        size_bytes: Its bytes.
        row_bytes: Bytes of a row.

    Returns:
        Stresses ``[n]`` and factors ``[m]``; beyond what the range reaches, its highest factor.
    """
    if isinstance(error, Bitline):
        bitlines = error.weak_fraction.size
        share, line = bitline_weights(bitlines, address, size_bytes), cells % bitlines
    elif isinstance(error, Wordline):
        rows = error.weak_fraction.size
        share, line = row_weights(rows, address, size_bytes, row_bytes), cells // (8 * row_bytes)
    else:
        return None
    weak = np.minimum(error.weak_fraction, 1 - 2.0**-53)
    stress, weight = -np.log1p(-weak), share * error.failure_probability
    used = (weight > 0) & (stress > 0)
    if not used.any():
        return np.zeros(len(cells)), np.zeros(len(bers))
    own, weight = stress[used], weight[used]
    # The mean is at most the factor times the mean stress; where every cell is weak it ends.
    span = np.log([bers[0] / (weight @ own) / 2, 40 / own.min()])
    factors = np.linspace(span.min(), span.max(), _FACTORS)
    means = [weight @ -np.expm1(-own * factor) for factor in np.exp(factors)]
    return stress[line], np.exp(np.interp(np.log(bers), np.log(means), factors))
