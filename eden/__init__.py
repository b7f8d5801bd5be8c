"""Accurate DNN inference on approximate DRAM (EDEN, Koppula et al., MICRO 2019)."""

from eden import _command as _command
from eden import _versions as _versions
from eden import data as data
from eden import devices as devices
from eden import errors as errors
from eden import nets as nets
from eden import profiles as profiles
from eden.access import count_flips as count_flips
from eden.access import fold_access as fold_access
from eden.access import fold_in as fold_in
from eden.access import inject as inject
from eden.access import key as key
from eden.mapping import Placement as Placement
from eden.mapping import place as place
from eden.network import Calibration as Calibration
from eden.network import Config as Config
from eden.network import approximate as approximate
from eden.network import attach as attach
from eden.network import attached as attached
from eden.network import load_into as load_into
from eden.network import save as save
from eden.systems import evaluate_energy as evaluate_energy
from eden.tolerance import Criticality as Criticality
from eden.tolerance import Tolerances as Tolerances
from eden.tolerance import Verdict as Verdict
from eden.tolerance import accuracy_curve as accuracy_curve
from eden.tolerance import characterize_coarse as characterize_coarse
from eden.tolerance import characterize_fine as characterize_fine
from eden.tolerance import criticality as criticality
from eden.tolerance import verify as verify
from eden.training import CurriculumSchedule as CurriculumSchedule
from eden.training import RampSchedule as RampSchedule
from eden.training import boost as boost

__version__ = _versions.VERSION
