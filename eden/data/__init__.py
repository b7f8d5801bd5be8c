"""Readers of data sets, batches of them, a network run on one, and its accuracy.

Images come as float32 ``[n, channels, height, width]``, shifted and scaled by constants of the
training set, labels as int64 ``[n]``. Everything fits in memory, so a data set is a pair of
tensors and a batch is a slice. A further data set is a file here and a name in `load`.
"""

from eden.data._accuracy import accuracy_of as accuracy_of
from eden.data._accuracy import right_of as right_of
from eden.data._batches import Batches as Batches
from eden.data._batches import batches as batches
from eden.data._call import call as call
from eden.data._call import device_of as device_of
from eden.data._call import evaluating as evaluating
from eden.data._call import inputs_of as inputs_of
from eden.data._call import keeping_modes as keeping_modes
from eden.data._evaluator import Evaluator as Evaluator
from eden.data._images import SYSTEM_FOLDER as SYSTEM_FOLDER
from eden.data._images import Splits as Splits
from eden.data._images import cache_folder as cache_folder
from eden.data._images import load as load
