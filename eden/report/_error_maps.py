"""What a bank looks like under each error model: a picture of the failed cells."""

import numpy as np
import torch
from matplotlib.figure import Figure

from eden import errors
from eden.access import ops, rng
from eden.report._page import Section
from eden.report._style import COLOURS, styled

# A corner of a bank: small enough for single cells to be seen.
ROWS, ROW_BYTES = 192, 64
BITLINES = 8 * ROW_BYTES


def error_maps(*, ber: float = 4e-3, seed: int = 7) -> dict[str, np.ndarray]:
    """Inject into a corner of a bank under models 0 to 3, all at the same mean BER.

    The bank holds stripes of ones and zeros, 64 bitlines each, so that the data-dependent model
    has something to depend on.

    Args:
        ber: Mean of P * F.
        seed: Of the error draw.

    Returns:
        Model name -> bool ``[ROWS, BITLINES]``, true where the cell failed.
    """
    # The spread of a real chip's bitlines and rows: a few are much worse than the rest.
    spread = np.random.Generator(np.random.Philox(key=seed))
    bitlines = spread.pareto(1.2, BITLINES).clip(0.02, 60)
    rows = spread.pareto(1.2, ROWS).clip(0.02, 60)
    models = {
        "model 0, uniform": errors.Uniform(weak_fraction=ber),
        "model 1, bitlines": errors.Bitline(weak_fraction=_scaled(bitlines, ber)),
        "model 2, wordlines": errors.Wordline(weak_fraction=_scaled(rows, ber)),
        "model 3, data-dependent": errors.DataDependent(
            weak_fraction=2 * ber, failure_probability_one=0.9, failure_probability_zero=0.1
        ),
    }
    stripes = np.zeros((ROWS, ROW_BYTES), dtype=np.uint8)
    stripes[:, (np.arange(ROW_BYTES) // 8) % 2 == 0] = 0xFF
    stored = torch.from_numpy(stripes).reshape(-1)
    maps = {}
    for name, model in models.items():
        read = ops.inject(stored, model, key=rng.key(seed), row_bytes=ROW_BYTES)
        flipped = (read ^ stored).numpy().reshape(ROWS, ROW_BYTES)
        maps[name] = np.unpackbits(flipped, axis=1, bitorder="little").astype(bool)
    return maps


def _scaled(weights: np.ndarray, ber: float) -> np.ndarray:
    return (weights * (ber / weights.mean())).clip(max=0.5)


@styled
def error_map_figure(maps: dict[str, np.ndarray], *, stripe: int = 64) -> Figure:
    """Draw the maps side by side.

    Args:
        maps: From `error_maps`.
        stripe: Width of the stripes of ones and zeros, in bitlines.

    Returns:
        The figure.
    """
    figure = Figure(figsize=(9.6, 7.6))
    for axes, (name, failed) in zip(figure.subplots(2, 2).flat, maps.items(), strict=True):
        rows, bitlines = failed.shape
        for start in range(0, bitlines, 2 * stripe):
            axes.axvspan(start - 0.5, start + stripe - 0.5, color="#eef2f7", linewidth=0)
        row, bitline = np.nonzero(failed)
        axes.scatter(bitline, row, s=2.2, color=COLOURS["after"], linewidths=0, rasterized=True)
        axes.set(xlim=(-0.5, bitlines - 0.5), ylim=(rows - 0.5, -0.5))
        axes.set_title(f"{name}: {failed.sum():,} of {failed.size:,} cells")
        axes.set(xlabel="bitline", ylabel="row")
    figure.tight_layout()
    return figure


def error_maps_section() -> Section:
    """Show what the error models do to a bank."""
    return Section(
        "A corner of a bank under each error model",
        text=(
            "Failed cells at the same mean bit error rate. Stripes hold ones (shaded) and zeros "
            "(white). This run used model 0.",
        ),
        figure=error_map_figure(error_maps()),
        alt="Failed cells of a bank under error models 0 to 3",
    )
