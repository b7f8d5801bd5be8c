"""Which tensor lies where in a device, at which operating point.

The problem and Algorithm 1 are C++ (``csrc/core/mapping``), the exact program is HiGHS on the same
costs and rates. A further method is a file here and a name in `METHODS`.
"""

from eden.mapping._laid import lay_out as lay_out
from eden.mapping._pieces import RATED as RATED
from eden.mapping._pieces import Place as Place
from eden.mapping._place import place as place
from eden.mapping._placement import Entry as Entry
from eden.mapping._placement import Placement as Placement
from eden.mapping._placement import Rejection as Rejection
from eden.mapping._validity import METHODS as METHODS
from eden.mapping._validity import WHOLE_MODULE as WHOLE_MODULE
