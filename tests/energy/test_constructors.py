"""What the constructors of the core's plain values do not take is refused in one line."""

import pickle

import numpy as np
import pytest

from eden import _core as core
from eden import devices
from eden.energy import CommandCounts, Currents, Timing

DEVICE = devices.load(devices.names()[0])
TIMING = [
    getattr(DEVICE.timing, name)
    for name in ("clock_seconds", "burst_clocks", "tras_seconds", "trc_seconds", "trfc_seconds")
]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: CommandCounts(activates="x"),
            "activates of CommandCounts is 'x', accepted: a num",
        ),
        (lambda: CommandCounts(0, None), "precharges of CommandCounts is None, accepted: a number"),
        (lambda: CommandCounts(reads=[1]), r"reads of CommandCounts is \[1\], accepted: a number"),
        (lambda: CommandCounts(reads=10**400), "reads of CommandCounts is 1000.*, accepted: a num"),
        (lambda: CommandCounts(nope=1), "an argument of CommandCounts is 'nope', accepted: activ"),
        (lambda: CommandCounts(*range(9)), r"what CommandCounts is made of is \[0, 1, 2, 3, 4, 5,"),
        (lambda: CommandCounts(1, activates=2), "what CommandCounts is made of is"),
        (lambda: CommandCounts(activates=-1), "CommandCounts: activates is -1, accepted: a number"),
        (lambda: CommandCounts(activates=True), "activates of CommandCounts is True, accepted: a"),
        (lambda: Currents(True, *[1] * 9), "vdd_volts of Currents is True, accepted: a number"),
        (lambda: Timing(1e-9, True, 1, 1, 1, 1), "burst_clocks of Timing is True, accepted: an i"),
        (lambda: Timing(*TIMING), "Timing: argument 'trefi_seconds' is missing"),
        (lambda: Timing(*TIMING, "7us"), "trefi_seconds of Timing is '7us', accepted: a number"),
        (lambda: Timing(1e-9, 4.5, 1, 1, 1, 1), "burst_clocks of Timing is 4.5, accepted: an int"),
        (lambda: Currents(), "Currents: argument 'vdd_volts' is missing"),
        (lambda: core.Geometry(chips=2**70), "Geometry: argument|chips of Geometry is"),
        (lambda: core.Geometry(8), "what Geometry is made of|Geometry: argument"),
        (lambda: core.Settings(1.3, 1e-8, {}), "trp_seconds of Settings is {}, accepted: a number"),
        (
            lambda: core.StreamAccess(write="no", banks=8, address=0, bytes=8),
            "type of write of StreamAccess is 'str', accepted: True, False",
        ),
        (lambda: core.Transfer(1, 2, 3), r"what Transfer is made of is \[1, 2, 3\], accepted: acc"),
        (lambda: core.MapProblem(), "MapProblem: argument 'tensor_bytes' is missing"),
    ],
)
def test_bad_arguments_are_named_in_one_line(make, message):
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_good_ones_are_taken_as_before():
    counts = CommandCounts(3, reads=np.float32(2), writes=np.int64(4))
    assert (counts.activates, counts.reads, counts.writes) == (3.0, 2.0, 4.0)
    assert pickle.loads(pickle.dumps(counts)) == counts
    assert pickle.loads(pickle.dumps(DEVICE)) == DEVICE
