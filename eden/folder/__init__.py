"""What a run keeps: its recipe, provenance, stage records and results, in one folder.

Recipes that come with eden lie in ``recipes/``. A further key of a recipe is a field in
`_recipe_keys` with both its bounds, a further result a property in `_results`.
"""

from eden.folder._names import ADAPTED as ADAPTED
from eden.folder._names import CONTROL as CONTROL
from eden.folder._names import LATENCY as LATENCY
from eden.folder._names import NETWORKS as NETWORKS
from eden.folder._names import RETREAT as RETREAT
from eden.folder._names import VARIANTS as VARIANTS
from eden.folder._names import Variant as Variant
from eden.folder._names import criticality_name as criticality_name
from eden.folder._names import fresh_name as fresh_name
from eden.folder._names import placement_name as placement_name
from eden.folder._names import tolerances_name as tolerances_name
from eden.folder._names import trials_name as trials_name
from eden.folder._recipe import Recipe as Recipe
from eden.folder._recipe import parse_recipe as parse_recipe
from eden.folder._recipes import load_recipe as load_recipe
from eden.folder._recipes import recipe_names as recipe_names
from eden.folder._results import Results as Results
from eden.folder._run_folder import RunFolder as RunFolder
from eden.folder._stage_files import StageFiles as StageFiles
