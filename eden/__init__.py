"""Accurate DNN inference on approximate DRAM (EDEN, Koppula et al., MICRO 2019)."""

from eden import data as data
from eden import devices as devices
from eden import errors as errors
from eden import nets as nets
from eden.attach import approximate as approximate
from eden.attach import attach as attach
from eden.attach import attached as attached
from eden.boost import CurriculumSchedule as CurriculumSchedule
from eden.boost import boost as boost
from eden.characterize import accuracy_curve as accuracy_curve
from eden.characterize import characterize_coarse as characterize_coarse
from eden.characterize import characterize_fine as characterize_fine
from eden.config import Calibration as Calibration
from eden.config import Config as Config
from eden.energy import evaluate_energy as evaluate_energy
from eden.mapping import place as place
from eden.ops import count_flips as count_flips
from eden.ops import inject as inject
from eden.placement import Placement as Placement
from eden.rng import fold_access as fold_access
from eden.rng import fold_in as fold_in
from eden.rng import key as key
from eden.tolerances import Tolerances as Tolerances
from eden.verify import Verdict as Verdict
from eden.verify import verify as verify
