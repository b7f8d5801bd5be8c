"""A DRAM module and its partitions."""

from __future__ import annotations

from dataclasses import dataclass, field

from eden._native import core
from eden._say import a_kind, a_number, an_int, one_of
from eden.devices._points import Ber, OperatingPoint

# Of partitions.
LEVELS = ("bank", "subarray")
# The axes of the two sources of errors.
_ACCESS = ("vdd_volts", "trcd_seconds", "trp_seconds", "temperature_celsius")
_RETENTION = ("refresh_seconds", "temperature_celsius")


@dataclass(frozen=True)
class Partition:
    """A run of rows of one bank, with error rates of its own.

    Attributes:
        name: ``bank3``, or ``bank3.subarray17``.
        level: ``bank``, ``subarray``, or ``rows`` for another range.
        bank: Bank it lies in.
        first_row: First row within the bank.
        rows: Number of rows.
        row_bytes: Bytes of a row of the rank.
        size_bytes: Room, in bytes.
        base: First byte when modules and their banks follow one another.
        module: Which of several modules alike it lies in.
    """

    name: str
    level: str
    bank: int
    first_row: int
    rows: int
    row_bytes: int
    size_bytes: int
    base: int
    _device: Device = field(repr=False, compare=False)
    _native: core.Partition = field(repr=False, compare=False)
    module: int = 0

    def __reduce__(self):
        return Device._partition, (self._device, self._native, self.module)

    @property
    def shape(self) -> tuple[int, str, int, int]:
        """Module, level and rows: what partitions share that lines may be interleaved over."""
        return self.module, self.level, self.first_row, self.rows

    def at(self, point: OperatingPoint) -> Ber:
        """Return the error rate of this partition at an operating point of its device.

        The module's fraction of failing lines is shared out by the rows' measured failures, used as
        relative weights, and then converted to a bit error rate.
        """
        rates = self._device.native.partition_ber(self._device._native_point(point), self._native)
        return Ber(rates.mean, rates.low, rates.high)


class Device:
    """A DRAM module: geometry, timing, currents, operating points and partitions. Immutable.

    Attributes:
        name: Name of the device.
        description: What module it is.
        geometry: ``chips``, ``chip_width_bits``, ``banks``, ``rows_per_bank``,
            ``rows_per_subarray``, ``row_bytes`` (of the rank), ``line_bytes``, ``size_bytes``.
        timing: ``clock_seconds``, ``burst_clocks``, ``tras_seconds``, ``trc_seconds``,
            ``trfc_seconds``, ``trefi_seconds``.
        currents: ``vdd_volts`` and ``idd0_amperes`` ... of one chip; ``assumed`` if not its own.
        granularity: ``module`` or ``bank`` for each of ``vdd``, ``trcd``, ``trp``.
        refresh_seconds: Rated: within it every row is refreshed.
        vendor: Of its chips, as its study masks it; empty if not known.
        standard: Such as ``DDR4``; empty if not stated.
        organisation: ``channels``, ``ranks``, ``bank_groups`` around the rank described.
        assumed: What of it nobody measured, in words.
    """

    def __init__(self, native: core.Device):
        self.native = native
        self.name: str = native.name
        self.description: str = native.description
        self.geometry = native.geometry
        self.timing = native.timing
        self.currents = native.currents
        self.granularity: dict[str, str] = native.granularity
        self.refresh_seconds: float = native.refresh_seconds
        self.vendor: str = native.vendor
        self.standard: str = native.standard
        self.organisation: dict[str, int] = native.organisation
        self.assumed: tuple[str, ...] = tuple(native.assumed)
        self.nominal: OperatingPoint = self._wrap(native.known_points()[0])

    def __repr__(self):
        return f"Device({self.name!r})"

    def __eq__(self, other):
        return isinstance(other, Device) and self.to_json() == other.to_json()

    def __hash__(self):
        return hash(self.name)

    def __reduce__(self):
        return from_json, (self.to_json(),)

    def at(
        self,
        vdd_volts: float | None = None,
        trcd_seconds: float | None = None,
        trp_seconds: float | None = None,
        *,
        temperature_celsius: float | None = None,
        refresh_seconds: float | None = None,
    ) -> OperatingPoint:
        """Return the operating point at these settings.

        Args:
            vdd_volts: Supply voltage in volts; nominal if left out.
            trcd_seconds: tRCD in seconds. Left out: nominal at nominal voltage, else as measured.
            trp_seconds: tRP in seconds. Left out: nominal or as measured, by the same rule.
            temperature_celsius: Left out: the hottest one measured.
            refresh_seconds: Interval within which every row is refreshed, in seconds; left out:
                the rated one, which loses no cell. What a longer one loses is a source of errors of
                its own, independent of that of lowered voltage and latencies.

        Returns:
            The point, marked ``interpolated`` between measured ones.

        Raises:
            TypeError: A setting is not a number.
            ValueError: Outside the measurements; the message names their range. Or a latency was
                left out and several were measured; the message names them.
        """
        settings = {
            "vdd_volts": vdd_volts,
            "trcd_seconds": trcd_seconds,
            "trp_seconds": trp_seconds,
            "temperature_celsius": temperature_celsius,
            "refresh_seconds": refresh_seconds,
        }
        for name, value in settings.items():
            if value is not None:
                a_number(name, value)
        return self._wrap(self.native.at(**settings))

    @property
    def points(self) -> tuple[OperatingPoint, ...]:
        """The nominal point, then every measured one, at the hottest temperature measured.

        These are what a placement may use: nobody sets the temperature. Longer refresh intervals
        are among them at rated voltage.
        """
        return tuple(self._wrap(p) for p in self.native.known_points())

    @property
    def measured(self) -> tuple[OperatingPoint, ...]:
        """The nominal point, then every measured one, at each temperature."""
        return tuple(self._wrap(p) for p in self.native.measured_points())

    @property
    def axes(self) -> dict[str, tuple[float, float]]:
        """What was varied, by the name of the setting: the lowest and highest value measured."""
        values: dict[str, set[float]] = {}
        for point in self.measured[1:]:
            longer = point.refresh_stretch != 1
            for name in _RETENTION if longer else _ACCESS:
                value = getattr(point, name)
                if value is not None:
                    values.setdefault(name, set()).add(value)
        return {name: (min(of), max(of)) for name, of in values.items() if len(of) > 1}

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """The banks, or the partitions that the description lists."""
        return self.side_by_side(1)

    @property
    def subarrays(self) -> tuple[Partition, ...]:
        """The subarrays of all banks, in order of bank and row."""
        return self.side_by_side(1, "subarray")

    def side_by_side(self, modules: int, level: str = "bank") -> tuple[Partition, ...]:
        """Return the partitions of several modules like this one.

        Args:
            modules: How many, 1 to 4. From the second on, names are such as ``module1.bank3``.
            level: One of `LEVELS`: ``bank`` for `partitions`, or ``subarray``.
        """
        an_int("modules", modules, 1, 4)
        one_of("level", level, LEVELS)
        known = self.native.partitions if level == "bank" else self.native.subarrays
        return tuple(self._partition(p, module) for module in range(modules) for p in known)

    def locate(self, address: int, *, order: str = "lines") -> tuple[int, int, int]:
        """Return (bank, row, column in bytes) of a byte of the module.

        Args:
            address: Byte in [0, geometry.size_bytes).
            order: ``lines``: consecutive 64-byte lines lie in consecutive banks; ``banks``: one
                bank follows the other.

        Raises:
            ValueError: For an address outside the module or another order.
        """
        _check_place(order, address=address)
        return self.native.locate(address, order)

    def address_of(self, bank: int, row: int, column: int, *, order: str = "lines") -> int:
        """Return the byte of the module at a place: the inverse of `locate`."""
        _check_place(order, bank=bank, row=row, column=column)
        return self.native.address_of(bank, row, column, order)

    def to_json(self) -> str:
        """Return the description as JSON text; `from_json` reads it back."""
        return self.native.to_json()

    def _native_point(self, point: OperatingPoint):
        a_kind("point", point, OperatingPoint, "an operating point of this device")
        one_of("device of the operating point", point.device, [self.name])
        return self.native.at(
            point.vdd_volts,
            point.trcd_seconds,
            point.trp_seconds,
            point.temperature_celsius,
            point.refresh_seconds,
        )

    def _wrap(self, native) -> OperatingPoint:
        rated = self.native.known_points()[0]
        rates = self.native.module_ber(native)
        return OperatingPoint(
            device=self.name,
            vdd_volts=native.vdd_volts,
            trcd_seconds=native.trcd_seconds,
            trp_seconds=native.trp_seconds,
            quality=native.quality,
            censored=native.censored,
            ber=rates.mean,
            ber_low=rates.low,
            ber_high=rates.high,
            reduction=1 - native.vdd_volts / rated.vdd_volts,
            trcd_reduction=1 - native.trcd_seconds / rated.trcd_seconds,
            refresh_seconds=native.refresh_seconds,
            refresh_stretch=native.refresh_stretch,
            temperature_celsius=native.temperature_celsius,
            retention_ber=self.native.retention_ber(native).mean,
        )

    def _partition(self, native, module: int = 0) -> Partition:
        return Partition(
            name=f"module{module}.{native.name}" if module else native.name,
            level=native.level,
            bank=native.bank,
            first_row=native.first_row,
            rows=native.rows,
            row_bytes=native.row_bytes,
            size_bytes=native.size_bytes,
            base=module * self.geometry.size_bytes + self.native.base_of(native),
            _device=self,
            _native=native,
            module=module,
        )


def _check_place(order: str, **numbers: int) -> None:
    # Their ranges are the core's to check; other types end in text of many lines there.
    a_kind("order", order, str, "lines, banks")
    for name, value in numbers.items():
        an_int(name, value, -(2**63), 2**63 - 1)


def from_json(text: str) -> Device:
    """Read a device description.

    Raises:
        ValueError: One line: the field, the value got, what is accepted.
    """
    a_kind("device description", text, str, "JSON text")
    return Device(core.parse_device(text))
