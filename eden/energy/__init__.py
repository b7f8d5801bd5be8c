"""Joules of counted DRAM commands, and how they follow the supply voltage.

Equations of DRAMPower 4.0 from command counts, with the voltage law as a parameter: ``linear``
(constant current, energy ~ V), ``cv2`` (energy ~ V^2) and ``array`` (activate, precharge and
refresh ~ V^2, the rest keeps its energy). All agree at the voltage for which the currents hold.
Energies are of the whole rank: every command goes to all of its chips. A further law is a case in
``csrc/core/energy`` and a name in `LAWS`; what an inference moves is `eden.systems`' business.
"""

from eden.energy._joules import LAWS as LAWS
from eden.energy._joules import CommandCounts as CommandCounts
from eden.energy._joules import Components as Components
from eden.energy._joules import Currents as Currents
from eden.energy._joules import Timing as Timing
from eden.energy._joules import dram_energy as dram_energy
from eden.energy._stream import Transfer as Transfer
from eden.energy._stream import idle as idle
from eden.energy._stream import lines as lines
from eden.energy._stream import reading_joules as reading_joules
from eden.energy._stream import stream as stream
from eden.energy._streams import like as like
