"""A network whose tensors are read from approximate DRAM.

`attach` plans which tensors are stored (`_plan`, of the `_targets`), and gives the handle that
changes error rates and draws (`_attachment`) once the hooks are in place (`_hooks`). A further kind
of module is a case in `_targets`.
"""

from eden.network._attach import approximate as approximate
from eden.network._attach import attach as attach
from eden.network._attach import attached as attached
from eden.network._attach import config_of as config_of
from eden.network._attachment import Attachment as Attachment
from eden.network._calibration import Calibration as Calibration
from eden.network._calibration import InputRange as InputRange
from eden.network._calibration import TensorCalibration as TensorCalibration
from eden.network._calibration import calibration_of as calibration_of
from eden.network._calibration import check_agrees as check_agrees
from eden.network._calibration import check_input_range as check_input_range
from eden.network._calibration import keep_calibration as keep_calibration
from eden.network._checkpoint import load_into as load_into
from eden.network._checkpoint import save as save
from eden.network._config import SCALES as SCALES
from eden.network._config import Config as Config
from eden.network._config import Pattern as Pattern
from eden.network._coverage import Coverage as Coverage
from eden.network._exposure import on_chip as on_chip
from eden.network._exposure import outputs_on_chip as outputs_on_chip
from eden.network._faults import Fault as Fault
from eden.network._faults import Faults as Faults
from eden.network._identity import digest_of_model as digest_of_model
from eden.network._identity import identity_of as identity_of
from eden.network._identity import places_of as places_of
from eden.network._plan import stored_targets as stored_targets
from eden.network._plan import targets_of as targets_of
from eden.network._rerun import Rerun as Rerun
from eden.network._selection import protections_of as protections_of
from eden.network._targets import Target as Target
from eden.network._targets import find_targets as find_targets
from eden.network._tensor import TensorInfo as TensorInfo
from eden.network._wrappers import unwrapped as unwrapped
