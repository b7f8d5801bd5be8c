"""The public names of eden: loaded when they are asked for, as `__init__.py` says."""

from . import access as access
from . import data as data
from . import devices as devices
from . import dram as dram
from . import energy as energy
from . import errors as errors
from . import folder as folder
from . import mapping as mapping
from . import nets as nets
from . import network as network
from . import profiles as profiles
from . import report as report
from . import run as run
from . import systems as systems
from . import tolerance as tolerance
from . import training as training
from .access import count_flips as count_flips
from .access import fold_access as fold_access
from .access import fold_in as fold_in
from .access import inject as inject
from .access import key as key
from .mapping import Placement as Placement
from .mapping import place as place
from .network import Calibration as Calibration
from .network import Config as Config
from .network import approximate as approximate
from .network import attach as attach
from .network import attached as attached
from .network import load_into as load_into
from .network import save as save
from .systems import evaluate_energy as evaluate_energy
from .tolerance import Criticality as Criticality
from .tolerance import Tolerances as Tolerances
from .tolerance import Verdict as Verdict
from .tolerance import accuracy_curve as accuracy_curve
from .tolerance import characterize_coarse as characterize_coarse
from .tolerance import characterize_fine as characterize_fine
from .tolerance import criticality as criticality
from .tolerance import verify as verify
from .training import BoostConfig as BoostConfig
from .training import CurriculumSchedule as CurriculumSchedule
from .training import RampSchedule as RampSchedule
from .training import boost as boost

__version__: str
