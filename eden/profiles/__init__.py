"""Measured DRAM: what failed in a module, at which operating point, and where.

A study's file is a form in `_studies`; what a row must be stands in `_schema` and `_rules`. Names,
which `__init__.pyi` lists, are loaded when they are asked for: tables come with pyarrow, which
`eden.errors` and `eden.devices` leave alone.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
