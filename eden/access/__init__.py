"""One read of approximate DRAM: keys, stored formats, the ops, the same on NumPy arrays.

`ops` checks the arguments, `_raw` calls what the library registers with torch, `_fakes` stands for
it in a trace, `arrays` needs no torch op. A further stored format is a row in `formats`, in
``kernels/formats`` and in `eden.reference`.
"""

from eden.access import arrays as arrays
from eden.access import formats as formats
from eden.access import ops as ops
from eden.access import protection as protection
from eden.access import rng as rng
from eden.access._seeds import seeds_for as seeds_for
from eden.access.arrays import inject_array as inject_array
from eden.access.ops import count_flips as count_flips
from eden.access.ops import inject as inject
from eden.access.protection import NONE as NONE
from eden.access.protection import WORD_BYTES as WORD_BYTES
from eden.access.protection import Protection as Protection
from eden.access.protection import Room as Room
from eden.access.rng import fold_access as fold_access
from eden.access.rng import fold_in as fold_in
from eden.access.rng import key as key
