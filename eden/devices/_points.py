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
    """Supply voltage, latencies and refresh of a device, with the error rate of its cells there.

    Attributes:
        device: Name of the device.
        vdd_volts: Supply voltage, in volts.
        trcd_seconds: Activate to read or write, in seconds.
        trp_seconds: Precharge, in seconds.
        quality: ``nominal`` (rated, free of errors), ``measured``, ``estimated`` (something else
            stands for the measurement, such as that two sources of errors are independent),
            ``interpolated`` (log BER between measured points) or ``assumed`` (of another module).
        censored: Nothing failed in a measurement behind it: the rates are upper limits.
        ber: Bit error rate, mean over the module, in [0, 1], for independent bits.
        ber_low: Lower end of the range that the measurement leaves open; of an interpolated point
            that of the mildest measured one around it.
        ber_high: Upper end of it; of an interpolated point that of the harshest one.
        reduction: Supply voltage below nominal, as a fraction of nominal.
        trcd_reduction: tRCD below nominal, as a fraction of nominal.
        refresh_seconds: Within it every row is refreshed, in seconds.
        refresh_stretch: That over the rated interval: 1 where it is rated.
        temperature_celsius: At which the errors were measured; None where it is not known, or
            where there are none.
        retention_ber: The part of ``ber`` that the longer refresh interval makes.
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
    refresh_seconds: float = 0.064
    refresh_stretch: float = 1.0
    temperature_celsius: float | None = None
    retention_ber: float = 0.0

    @property
    def error(self):
        """Uniform error model of the whole module at this point (``eden.errors.Uniform``)."""
        return uniform(self.ber)

    @property
    def label(self) -> str:
        """The setting that was lowered, or lengthened, as text: ``1.05 V``, ``7.5 ns``, ``2 s``."""
        said = []
        if self.reduction != 0 or (self.refresh_stretch == 1 and self.trcd_reduction == 0):
            said.append(f"{self.vdd_volts:g} V")
        elif self.refresh_stretch == 1:
            said.append(f"{self.trcd_seconds * 1e9:g} ns")
        if self.refresh_stretch != 1:
            said.append(f"{self.refresh_seconds:g} s")
        return ", ".join(said)

    @property
    def native(self) -> core.Settings:
        """The voltage and latencies, for the core."""
        return core.Settings(self.vdd_volts, self.trcd_seconds, self.trp_seconds)

    def estimate(self, which: str) -> float:
        """Return one end of the range: ``low``, ``mean`` or ``high``.

        Raises:
            ValueError: For another name.
        """
        return pick(self, which)

    def to_dict(self) -> dict:
        """Return the fields as plain data; those of refresh where it is longer than rated."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        if self.refresh_stretch == 1:
            for name in ("refresh_seconds", "refresh_stretch", "retention_ber"):
                del fields[name]
        if self.temperature_celsius is None:
            del fields["temperature_celsius"]
        return fields


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
