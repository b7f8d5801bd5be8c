"""How many errors a network bears: searched on validation images, verified on fresh ones.

`criticality` tries single cells, `characterize_coarse` finds one BER for all tensors at a stated
risk (`_risk`, from draws and single cells), `characterize_fine` one for each, `verify` tests a
declared point. A search (`_coarse`, `_sweep`) is a pure function of an oracle: it asks
a network under errors (`_network`), or in tests one whose answers are known, and the memo keeps the
answers. A further search is a file here.
"""

from eden.tolerance._accuracy_curve import CurvePoint as CurvePoint
from eden.tolerance._accuracy_curve import accuracy_curve as accuracy_curve
from eden.tolerance._characterize_coarse import characterize_coarse as characterize_coarse
from eden.tolerance._characterize_fine import characterize_fine as characterize_fine
from eden.tolerance._copies import at_most as at_most
from eden.tolerance._copies import can_copy as can_copy
from eden.tolerance._copies import one_thread as one_thread
from eden.tolerance._critical import Criticality as Criticality
from eden.tolerance._criticality import criticality as criticality
from eden.tolerance._curves import ber_by_cells as ber_by_cells
from eden.tolerance._evaluator import Evaluate as Evaluate
from eden.tolerance._evaluator import Evaluator as Evaluator
from eden.tolerance._grid import ber_of as ber_of
from eden.tolerance._grid import step_of as step_of
from eden.tolerance._intervals import share_interval as share_interval
from eden.tolerance._risk import Risk as Risk
from eden.tolerance._strata import Stratum as Stratum
from eden.tolerance._tolerances import CRITERIA as CRITERIA
from eden.tolerance._tolerances import Tolerances as Tolerances
from eden.tolerance._tolerances import lowered as lowered
from eden.tolerance._verify import Verdict as Verdict
from eden.tolerance._verify import verify as verify
