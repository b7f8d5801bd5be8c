"""Accurate DNN inference on approximate DRAM (EDEN, Koppula et al., MICRO 2019).

The public names stand in `__init__.pyi`; each room is loaded when one of its names is asked for.
"""

import lazy_loader

from eden import _command as _command
from eden import _versions as _versions

__getattr__, _, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = _versions.VERSION


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
