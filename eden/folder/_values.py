"""The values that keys of a recipe take: numbers with both bounds, words that other rooms know."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, GetPydanticSchema, PlainSerializer, PlainValidator

from eden import devices, dram, mapping, network, systems, training
from eden.access import formats
from eden.tolerance import CRITERIA

Ber = Annotated[float, Field(ge=1e-12, le=0.5, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


def word_of(words: Iterable[str]) -> GetPydanticSchema:
    """Accept one of some words: `typing.Literal` whose words need not stand in the source."""
    return GetPydanticSchema(lambda _, schema_of: schema_of(Literal[*words]))


Stored = Annotated[str, word_of(formats.FORMATS)]
Correction = Annotated[str, word_of(formats.CORRECTIONS)]
Scale = Annotated[str, word_of(network.SCALES)]
Criterion = Annotated[str, word_of(CRITERIA)]
Method = Annotated[str, word_of(mapping.METHODS)]
Estimate = Annotated[str, word_of(devices.ESTIMATES)]
Curriculum = Annotated[str, word_of(training.CURRICULA)]
Share = Annotated[float, Field(ge=0.01, le=1.0, allow_inf_nan=False)]
Shares = Annotated[list[Share], Field(min_length=2, max_length=2)]
# What accuracy is: the share of images that are right, or of detectors the average precision.
Accuracy = Annotated[str, word_of(("right", "precision"))]
Gradients = Annotated[str, word_of(training.GRADIENTS)]
System = Annotated[str, word_of(systems.system_names())]
Memory = Annotated[str, word_of(dram.memory_names())]


# In JSON pairs: files of a run hold the keys of a mapping sorted, and here the order counts.
def _of_pairs(value: Any) -> Any:
    pairs = isinstance(value, list) and all(isinstance(p, list) and len(p) == 2 for p in value)
    return dict(value) if pairs else value


def _as_pairs(value: Any) -> Any:
    return [[*pair] for pair in value.items()] if isinstance(value, dict) else value


Protect = Annotated[
    dict[Name, Name],
    Field(max_length=1000),
    BeforeValidator(_of_pairs),
    PlainSerializer(_as_pairs),
]


def _as_placed(value: Any) -> Any:
    value = _of_pairs(value)
    named = isinstance(value, dict) and all(isinstance(n, str) for p in value.items() for n in p)
    if value in (None, "auto", "none") or named:
        return value
    raise ValueError("auto, none, or protections by pattern")


AsPlaced = Annotated[
    dict[str, str] | str | None, PlainValidator(_as_placed), PlainSerializer(_as_pairs)
]

Levels = Annotated[
    list[Annotated[float, Field(ge=0.0, le=255.0, allow_inf_nan=False)]],
    Field(min_length=1, max_length=4),
]
