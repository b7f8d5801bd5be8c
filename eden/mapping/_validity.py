"""What a placement read from a file must hold: its device is the judge."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, pairwise
from typing import Any

from eden import devices
from eden._say import a_kind, an_int, keys_of, one_of, refusal, within
from eden.access import WORD_BYTES, Protection, Room, formats
from eden.energy import LAWS
from eden.mapping._hazard import SingleCells, single_cells_limit
from eden.mapping._pieces import RATED, Place, shared
from eden.network import check_agrees

METHODS = ("greedy", "exact", "coarse")
KINDS = ("weight", "input")
# The partition of a coarse placement: lines interleaved over all banks.
WHOLE_MODULE = "module"


def check_tensor(tensor: Any) -> None:
    """Refuse a tensor to be placed, or in its place, whose numbers make no sense.

    Raises:
        TypeError: If one is of another type; the message names the tensor.
        ValueError: If one is out of its range.
    """
    name = tensor.name
    one_of(f"kind of {name}", tensor.kind, KINDS)
    an_int(f"size_bytes of {name}", tensor.size_bytes, 1, 2**62)
    an_int(f"elements of {name}", tensor.elements, 1, 2**62)
    within(f"reads of {name}", tensor.reads, 0, 1e18)
    within(f"tolerance of {name}", tensor.tolerance, 0, 1)


def check_placement(placement: Any) -> None:
    """Refuse a placement that its device contradicts.

    Raises:
        TypeError: If a field is of another type.
        ValueError: If one is out of its range, or says otherwise than the device or the config.
    """
    one_of("method", placement.method, METHODS)
    one_of("estimate", placement.estimate, devices.ESTIMATES)
    one_of("law", placement.law, LAWS)
    within("energy_joules", placement.energy_joules, 0, 1e18)
    within("bound_joules", placement.bound_joules, 0, 1e18)
    keys_of("verdict_volts", placement.verdict_volts, devices.ESTIMATES)
    for estimate, volts in placement.verdict_volts.items():
        if volts is not None:
            within(f"verdict_volts of {estimate}", volts, 0, 100)
    for rejection in placement.rejected:
        within("vdd_volts of a setting rejected", rejection.vdd_volts, 0, 100)
        a_kind("why of a setting rejected", rejection.why, str, "text")
    if placement.single_cells is not None:
        _check_single_cells(placement.single_cells)
    if not placement.entries:
        raise ValueError(refusal("tensors", {}, "at least one"))
    an_int("modules", placement.modules, 1, 4)
    if placement.method == "coarse":
        one_of("modules of a coarse placement", placement.modules, [1])
    homes = {WHOLE_MODULE: None, **placement.partitions}
    for kind, names in (("points", placement.points), ("partition_bers", placement.partition_bers)):
        for name in names:
            if name not in homes:
                said = f"a partition of {placement.device.name}"
                raise ValueError(refusal(f"partition in {kind}", name, said))
    for name, ber in placement.partition_bers.items():
        within(f"partition_bers of {name}", ber, 0, 1)
    keys_of("partition_bers", placement.partition_bers, placement.points, homes)
    for name, point in placement.points.items():
        stated, known = placement.partition_bers[name], _rate(placement, homes[name], point)
        if not _same(stated, known):
            said = f"{known!r}, that of its point"
            raise ValueError(refusal(f"partition_bers of {name}", stated, said))
    for entry in placement.entries.values():
        _check_entry(placement, entry, homes)
    _check_overlaps(placement, homes)


def check_stated(placement: Any, data: Mapping[str, Any]) -> None:
    """Refuse a file that says otherwise than the placement in it what follows from that.

    Raises:
        ValueError: Naming what it says.
    """
    for key in ("vdd_volts", "gap"):
        known = float(getattr(placement, key))
        if key in data and not _same(data[key], known):
            raise ValueError(refusal(key, data[key], f"{known!r}, as follows from the rest"))


def check_point(name: str, point: devices.OperatingPoint, stated: Mapping[str, Any]) -> None:
    """Refuse a point whose stated rates are others than the device has there.

    Raises:
        ValueError: If one differs by more than rounding.
    """
    for key in (*point.to_dict(), *stated):
        value = getattr(point, key)
        if not _same(stated[key], value):
            said = f"{value!r}, as the device has it"
            raise ValueError(refusal(f"{key} of point {name}", stated[key], said))


def _check_single_cells(cells: SingleCells) -> None:
    q = cells.miss_probability
    within("miss_probability of single_cells", q, 0, 0.5, above=True)
    if not _same(cells.limit, known := single_cells_limit(q)):
        said = f"{known!r}, half of -ln(1 - {q!r})"
        raise ValueError(refusal("limit of single_cells", cells.limit, said))
    within("hazard of single_cells", cells.hazard, 0, cells.limit * (1 + 1e-9))


def partitions_of(device: devices.Device, modules: int) -> dict[str, devices.Partition]:
    """Return the partitions and subarrays of modules side by side, by name."""
    return {p.name: p for level in devices.LEVELS for p in device.side_by_side(modules, level)}


def _check_entry(placement: Any, entry: Any, homes: Mapping) -> None:
    name = entry.name
    a_kind(f"why of {name}", entry.why, str, "text")
    check_tensor(entry)
    within(f"ber of {name}", entry.ber, 0, 1)
    if placement.config is not None:
        check_agrees(placement.config.calibration, entry)
        bits = formats.get(placement.config.stored).bits
        one_of(f"size_bytes of {name}", entry.size_bytes, [-(-entry.elements * bits // 8)])
        Protection.parse(entry.protection).check(name, placement.config.stored)
    rooms = rooms_of(entry, placement.config)
    one_of(f"number of places of {name}", len(entry.places), [len(rooms) - 1])
    pieces = pieces_of(entry, placement.config)
    for number, (piece, room) in enumerate(zip(pieces, rooms, strict=True)):
        said = f"place {number} of {name}" if number else name
        one_of(f"size_bytes of {said}", piece.size_bytes, [room.size_bytes])
        reliable = entry.protection == "reliable" or room.strong
        if not room.strong:
            one_of(f"partition of {said}", piece.partition, [entry.partition])
        _check_piece(placement, said, piece, homes, may_be_rated=reliable)
    if entry.protection == "reliable":
        one_of(f"partition of {name}", entry.partition, [RATED])
    if entry.protection == "triple":
        for one, other in combinations([piece.address for piece in pieces], 2):
            if shared(one, other, entry.row_bytes):
                far = "on other rows and bitlines than each other"
                raise ValueError(refusal(f"addresses of {name}", [one, other], far))
    if entry.protection == "secded" and entry.address % WORD_BYTES:
        accepted = f"a multiple of {WORD_BYTES}, for words of a code"
        raise ValueError(refusal(f"address of {name}", entry.address, accepted))


def _check_piece(placement: Any, said: str, piece: Place, homes: Mapping, *, may_be_rated) -> None:
    device = placement.device
    if piece.partition == RATED and may_be_rated:
        one_of(f"row_bytes of {said}", piece.row_bytes, [device.geometry.row_bytes])
        one_of(f"ber of {said}", piece.ber, [0])
        an_int(f"address of {said}", piece.address, 0, 2**62)
        return
    if piece.partition not in placement.points:
        known = ", ".join(map(str, placement.points))
        raise ValueError(refusal(f"partition of {said}", piece.partition, known))
    home, point = homes[piece.partition], placement.points[piece.partition]
    shape = device.geometry if home is None else home
    one_of(f"row_bytes of {said}", piece.row_bytes, [shape.row_bytes])
    an_int(f"address of {said}", piece.address, 0, shape.size_bytes - piece.size_bytes)
    rate = _rate(placement, home, point)
    if not _same(piece.ber, rate):
        known = f"{rate!r}, that of {piece.partition} at its point"
        raise ValueError(refusal(f"ber of {said}", piece.ber, known))


def _rate(placement: Any, home: devices.Partition | None, point: devices.OperatingPoint) -> float:
    return devices.pick(point if home is None else home.at(point), placement.estimate)


def rooms_of(entry: Any, config: Any) -> tuple[Room, ...]:
    """List the pieces of memory that a tensor in its place takes."""
    # Without a config, its element is as wide as its bytes allow.
    bits = 8 * entry.size_bytes // entry.elements
    if config is not None:
        bits = formats.get(config.stored).bits
    rooms = Protection.parse(entry.protection).rooms(entry.elements, bits)
    return (Room(entry.size_bytes),) if len(rooms) == 1 else rooms


def pieces_of(entry: Any, config: Any) -> tuple[Place, ...]:
    """List the pieces of a tensor in their places, its own first."""
    size = rooms_of(entry, config)[0].size_bytes
    own = Place(entry.partition, entry.address, entry.row_bytes, size, entry.ber)
    return (own, *entry.places)


def _check_overlaps(placement: Any, homes: Mapping) -> None:
    """Refuse tensors that share bytes; a bank and its subarrays share theirs."""
    memories = ("banks", WHOLE_MODULE, RATED)
    places: dict[str, list[tuple[int, int, str, str]]] = {memory: [] for memory in memories}
    for entry in placement.entries.values():
        for piece in pieces_of(entry, placement.config):
            home, memory = homes.get(piece.partition), "banks"
            if home is None:
                memory = piece.partition
            start = piece.address + (0 if home is None else home.base)
            taken = (start, start + piece.size_bytes, entry.name, piece.partition)
            places[memory].append(taken)
    if places["banks"] and places[WHOLE_MODULE]:
        raise ValueError(f"partition of some tensors is {WHOLE_MODULE!r}, accepted: of all or none")
    for taken in places.values():
        for (_, end, first, _), (start, _, second, where) in pairwise(sorted(taken)):
            if start < end:
                raise ValueError(f"{first} and {second} overlap in {where}")


def _same(stated: Any, known: Any) -> bool:
    """Tell whether two agree, numbers but for what another version of Python may round."""
    if isinstance(known, bool) or not isinstance(known, float):
        return type(stated) is type(known) and stated == known
    numbers = isinstance(stated, int | float) and not isinstance(stated, bool)
    # An int may be beyond all floats, which it can be compared with alone.
    return numbers and abs(stated) < 1e300 and abs(stated - known) <= 1e-9 * abs(known)
