"""Error models 0 to 3 (paper, section 4) and known cells: which cells fail, as a table.

A cell is weak with probability P and, if weak, fails at an access with probability F. P and F may
depend on the bitline, the wordline or the stored bit. A model is frozen; its table is made once.
A further model is a file here, a kind in `_models.py`, and its law in `eden.reference`.
"""

from eden.errors._cells import Cells as Cells
from eden.errors._failure import failure_of as failure_of
from eden.errors._models import ErrorModel as ErrorModel
from eden.errors._models import from_dict as from_dict
from eden.errors._single import weak_at as weak_at
from eden.errors._spatial import Bitline as Bitline
from eden.errors._spatial import Wordline as Wordline
from eden.errors._stresses import stresses_of as stresses_of
from eden.errors._table import ALWAYS as ALWAYS
from eden.errors._table import Table as Table
from eden.errors._table import always_failing as always_failing
from eden.errors._table import table_of as table_of
from eden.errors._uniform import DataDependent as DataDependent
from eden.errors._uniform import Uniform as Uniform
