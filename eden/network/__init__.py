"""A network whose tensors are read from approximate DRAM.

`attach` chooses the tensors, hooks the modules that read them, and gives the handle that changes
error rates and draws. A further kind of module is a case in `_targets`.
"""

from eden.network._attachment import Attachment as Attachment
from eden.network._attachment import TensorInfo as TensorInfo
from eden.network._attachment import approximate as approximate
from eden.network._attachment import attach as attach
from eden.network._attachment import attached as attached
from eden.network._cells import weak_cells as weak_cells
from eden.network._checkpoint import load_into as load_into
from eden.network._checkpoint import save as save
from eden.network._config import Calibration as Calibration
from eden.network._config import Config as Config
from eden.network._config import TensorCalibration as TensorCalibration
from eden.network._config import calibration_of as calibration_of
from eden.network._config import identity_of as identity_of
from eden.network._config import keep_calibration as keep_calibration
from eden.network._learn import call as call
from eden.network._learn import inputs_of as inputs_of
from eden.network._targets import Target as Target
from eden.network._targets import find_targets as find_targets
