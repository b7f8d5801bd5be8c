"""The error models by their kinds, as they are written to files."""

from eden._say import one_of
from eden.errors._cells import Cells
from eden.errors._spatial import Bitline, Wordline
from eden.errors._uniform import DataDependent, Uniform

ErrorModel = Uniform | Bitline | Wordline | DataDependent | Cells

_KINDS = {model.kind: model for model in (Uniform, Bitline, Wordline, DataDependent, Cells)}


def from_dict(data: dict) -> ErrorModel:
    """Make the error model that `to_dict` wrote.

    Raises:
        ValueError: The kind is unknown or a field is missing or out of range.
    """
    fields = dict(data)
    kind = fields.pop("kind", None)
    one_of("kind of error model", kind, _KINDS)
    try:
        return _KINDS[kind](**fields)
    except TypeError as error:
        raise ValueError(f"error model {kind}: {error}") from error
