"""Operating points: settings of a device, with the error rate of its cells there."""

from __future__ import annotations

from dataclasses import dataclass

from eden import errors
from eden._native import core
from eden._say import one_of

_FIELDS = {"low": "ber_low", "mean": "ber", "high": "ber_high"}
# Which rate of the range that a measurement leaves open.
ESTIMATES = tuple(_FIELDS)


@dataclass(frozen=True)
class OperatingPoint:
    """Supply voltage and latencies of a device, with the error rate of its cells there.

    Attributes:
        device: Name of the device.
        vdd_volts: Supply voltage, in volts.
        trcd_seconds: Activate to read or write, in seconds.
        trp_seconds: Precharge, in seconds.
        quality: ``nominal`` (rated, free of errors), ``measured``, ``estimated`` (something else
            stands for the measurement) or ``interpolated`` (log BER against voltage).
        censored: Nothing failed in the measurement: the rates are upper limits.
        ber: Bit error rate, mean over the module, in [0, 1], for independent bits.
        ber_low: Lower end of the range that the measurement leaves open.
        ber_high: Upper end of it.
        reduction: Supply voltage below nominal, as a fraction of nominal.
        trcd_reduction: tRCD below nominal, as a fraction of nominal.
    """

    device: str
    vdd_volts: float
    trcd_seconds: float
    trp_seconds: float
    quality: str
    censored: bool
    ber: float
    ber_low: float
    ber_high: float
    reduction: float
    trcd_reduction: float

    @property
    def error(self):
        """Uniform error model of the whole module at this point (``eden.errors.Uniform``)."""
        return uniform(self.ber)

    @property
    def native(self) -> core.Settings:
        """The settings, for the core."""
        return core.Settings(self.vdd_volts, self.trcd_seconds, self.trp_seconds)

    def estimate(self, which: str) -> float:
        """Return one end of the range: ``low``, ``mean`` or ``high``.

        Raises:
            ValueError: For another name.
        """
        return pick(self, which)

    def to_dict(self) -> dict:
        """Return the fields as plain data."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class Ber:
    """Bit error rate of one partition at one operating point, with its range; all in [0, 1]."""

    ber: float
    ber_low: float
    ber_high: float

    @property
    def error(self):
        """Uniform error model at ``ber``."""
        return uniform(self.ber)


def uniform(ber: float):
    """Return the uniform error model with this bit error rate (weak cells always fail)."""
    return errors.Uniform(weak_fraction=ber)


def pick(rates: OperatingPoint | Ber, estimate: str) -> float:
    """Return the rate of one estimate: ``low``, ``mean`` or ``high``.

    Raises:
        ValueError: For another name.
    """
    one_of("estimate", estimate, _FIELDS)
    return getattr(rates, _FIELDS[estimate])
