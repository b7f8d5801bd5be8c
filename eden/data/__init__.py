"""Readers of data sets, batches of them, a network run on one, and its accuracy.

Images come as float32 ``[n, channels, height, width]``, shifted and scaled by constants of the
training set, labels as int64 ``[n]``; photos with boxes around things as `Annotated`. Everything
fits in memory, larger sets as bytes (`Images`), and a batch is a slice. A further data set is a
file here and a name in `load`.
"""

from eden.data._accuracy import accuracy_of as accuracy_of
from eden.data._accuracy import right_of as right_of
from eden.data._annotations import read_coco as read_coco
from eden.data._annotations import read_voc as read_voc
from eden.data._augment import Augment as Augment
from eden.data._batches import Batches as Batches
from eden.data._batches import batches as batches
from eden.data._box_evaluator import BoxEvaluator as BoxEvaluator
from eden.data._box_evaluator import PrecisionEvaluator as PrecisionEvaluator
from eden.data._boxes import Annotated as Annotated
from eden.data._boxes import Boxes as Boxes
from eden.data._boxes import Letterbox as Letterbox
from eden.data._boxes import boxes_of as boxes_of
from eden.data._boxes import check_corners as check_corners
from eden.data._boxes import check_truths as check_truths
from eden.data._boxes import letterbox as letterbox
from eden.data._boxes import overlap as overlap
from eden.data._call import call as call
from eden.data._call import device_of as device_of
from eden.data._call import evaluating as evaluating
from eden.data._call import inputs_of as inputs_of
from eden.data._call import keeping_modes as keeping_modes
from eden.data._call import sound as sound
from eden.data._dataset import from_dataset as from_dataset
from eden.data._evaluator import Evaluator as Evaluator
from eden.data._evaluator import check_labels as check_labels
from eden.data._fashion import SYSTEM_FOLDER as SYSTEM_FOLDER
from eden.data._fashion import cache_folder as cache_folder
from eden.data._jpeg import decode_image as decode_image
from eden.data._load import Splits as Splits
from eden.data._load import load as load
from eden.data._parquet import Labelled as Labelled
from eden.data._parquet import read_annotated as read_annotated
from eden.data._parquet import read_labelled as read_labelled
from eden.data._pixels import Images as Images
from eden.data._pixels import Inputs as Inputs
from eden.data._pixels import Normalisation as Normalisation
from eden.data._pixels import Pair as Pair
from eden.data._pixels import digest_of as digest_of
from eden.data._pixels import normalisation_of as normalisation_of
from eden.data._pixels import take as take
from eden.data._precision import average_precision as average_precision
from eden.data._precision import coco_scores as coco_scores
from eden.data._precision import resampled_precision as resampled_precision
from eden.data._sampling import Resampled as Resampled
from eden.data._sampling import Sampled as Sampled
from eden.data._sampling import mean_of as mean_of
from eden.data._sampling import share_right as share_right
