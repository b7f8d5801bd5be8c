"""A DRAM engine: time and energy of any stream of requests, command by command (docs/dram.md).

Memories are descriptions in ``memories/``, standards tables of constraints in ``standards/``; a
further one is one file. The engine is C++ (``csrc/core/{timing,controller,trace}``).
"""

from eden.dram._data import Data as Data
from eden.dram._energy import TraceEnergy as TraceEnergy
from eden.dram._energy import energy_of as energy_of
from eden.dram._energy import trace_energy as trace_energy
from eden.dram._legal import Violation as Violation
from eden.dram._legal import check_commands as check_commands
from eden.dram._memory import Memory as Memory
from eden.dram._memory import load_memory as load_memory
from eden.dram._memory import memory_names as memory_names
from eden.dram._simulate import Simulated as Simulated
from eden.dram._simulate import command_files as command_files
from eden.dram._simulate import read_policy as read_policy
from eden.dram._simulate import simulate as simulate
from eden.dram._words import words_of as words_of
from eden.dram._words import words_of_counts as words_of_counts
from eden.dram._words import words_of_energy as words_of_energy
