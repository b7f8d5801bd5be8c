"""How often the weak cells of an error model fail, all in all."""

import numpy as np

from eden.errors._models import ErrorModel


def failure_of(error: ErrorModel, stored: int | None = None) -> float:
    """Return the mean F of the weak cells of an error model; 1 if none of them ever fails.

    Args:
        error: Any error model.
        stored: Of cells that store a 1, or a 0, alone; 0 if those never fail.
    """
    both = getattr(error, "failure_probability", None)
    # Of a stored 1 and a stored 0 alike; of known cells either may be left to `both`.
    sides = [getattr(error, f"failure_probability_{bit}", None) for bit in ("one", "zero")]
    one, zero = (np.asarray(both if side is None else side, dtype=float) for side in sides)
    failure = (one + zero) / 2 if stored is None else (zero, one)[stored]
    weak = np.asarray(getattr(error, "weak_fraction", 1.0), dtype=float)
    total, share = np.broadcast_arrays(weak * failure, weak)
    mean = total.sum() / share.sum() if share.any() else failure.sum() / max(1, failure.size)
    return float(mean) or (1.0 if stored is None else 0.0)
