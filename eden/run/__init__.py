"""A run from the images to the report: stages in order, a file each.

A stage writes its files and nothing else, and reads what earlier ones wrote from the folder, never
from memory, so a run that was cut short sees what a run in one go sees. A further stage is a file
here and a row of `STAGES`.
"""

from eden.run._run import STAGES as STAGES
from eden.run._run import Stage as Stage
from eden.run._run import advance as advance
from eden.run._run import run as run
from eden.run._work import Work as Work
from eden.run._work import read_inputs as read_inputs
