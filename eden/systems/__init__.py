"""What an inference moves between a network and its DRAM, how long it takes and what that costs.

A system enters as a file in ``known/``: its kind, parameters and memory. A kind enters as a `Kind`
in `_kinds`, which runs the layers that `layers_of` lists; ``streaming`` alone is a closed form.
"""

from eden.systems._accelerator import work_of as work_of
from eden.systems._evaluate import SYSTEMS as SYSTEMS
from eden.systems._evaluate import Energy as Energy
from eden.systems._evaluate import evaluate_energy as evaluate_energy
from eden.systems._inference import Inference as Inference
from eden.systems._inference import LayerCost as LayerCost
from eden.systems._inference import inference as inference
from eden.systems._layers import Layer as Layer
from eden.systems._layers import layers_of as layers_of
from eden.systems._listing import print_system as print_system
from eden.systems._listing import print_systems as print_systems
from eden.systems._parts import Parts as Parts
from eden.systems._processor import Timed as Timed
from eden.systems._processor import layer_times as layer_times
from eden.systems._processor import pattern_time as pattern_time
from eden.systems._system import System as System
from eden.systems._system import system_names as system_names
