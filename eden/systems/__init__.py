"""What an inference moves between a network and its DRAM, and what that costs.

Systems enter here as files of their own: each lists the moves of an inference, and the energy room
counts them. So far there is one, ``streaming``.
"""

from eden.systems._evaluate import SYSTEMS as SYSTEMS
from eden.systems._evaluate import Energy as Energy
from eden.systems._evaluate import evaluate_energy as evaluate_energy
from eden.systems._layers import Layer as Layer
from eden.systems._layers import layers_of as layers_of
