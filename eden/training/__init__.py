"""Boosting: curricular retraining, so that a network bears a higher bit error rate.

A schedule enters in ``_schedule``, a way to train in ``_config``; what judges a network is
`eden.tolerance`.
"""

from eden.training._boost import boost as boost
from eden.training._boost import history_of as history_of
from eden.training._config import CURRICULA as CURRICULA
from eden.training._config import GRADIENTS as GRADIENTS
from eden.training._config import BoostConfig as BoostConfig
from eden.training._schedule import CurriculumSchedule as CurriculumSchedule
from eden.training._schedule import RampSchedule as RampSchedule
