"""The face of this room: `__init__.py` says what lives here."""

from ._cells import bitlines_of as bitlines_of
from ._cells import cells_of as cells_of
from ._conditions import conditions as conditions
from ._conditions import print_profile as print_profile
from ._counts import operating_points as operating_points
from ._fit import Fit as Fit
from ._fit import fit as fit
from ._models import FittedModel as FittedModel
from ._profile import Profile as Profile
from ._read import read as read
from ._schema import COLUMNS as COLUMNS
from ._schema import Column as Column
from ._told import device_of as device_of
from ._told import print_fit as print_fit
