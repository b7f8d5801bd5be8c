"""The slow, obvious version of every op, in NumPy: docs/rng.md as a program.

The kernels are tested against it bit for bit. It knows neither torch nor the kernels: elements are
unsigned integers, the bits of a value, with the name of their type beside them (`ELEMENT_BITS`);
keys, table entries, and whatever has more than 64 bits are Python integers. A new op enters as a
module here, before its kernels.
"""

from eden.reference._cells import plane_numbers as plane_numbers
from eden.reference._cells import points as points
from eden.reference._cells import weak_cells as weak_cells
from eden.reference._formats import ELEMENT_BITS as ELEMENT_BITS
from eden.reference._formats import STORED_BITS as STORED_BITS
from eden.reference._formats import correct as correct
from eden.reference._formats import decode as decode
from eden.reference._formats import encode as encode
from eden.reference._formats import from_float as from_float
from eden.reference._formats import round_inward as round_inward
from eden.reference._formats import scale_of as scale_of
from eden.reference._formats import to_float as to_float
from eden.reference._formats import weight_range as weight_range
from eden.reference._ops import count_flips as count_flips
from eden.reference._ops import inject as inject
from eden.reference._protection import HSIAO_COLUMNS as HSIAO_COLUMNS
from eden.reference._protection import coarse_codes as coarse_codes
from eden.reference._protection import decode_image as decode_image
from eden.reference._protection import embedded_bounds as embedded_bounds
from eden.reference._protection import encode_image as encode_image
from eden.reference._protection import secded_check as secded_check
from eden.reference._protection import secded_correct as secded_correct
from eden.reference._random import fold as fold
from eden.reference._random import fold_access as fold_access
from eden.reference._random import fold_in as fold_in
from eden.reference._random import key as key
from eden.reference._random import lower as lower
from eden.reference._random import philox4x32 as philox4x32
from eden.reference._random import poisson_table as poisson_table
