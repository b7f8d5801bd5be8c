"""What the reads of a network go by at one moment, noted, and in force again for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from torch import Tensor

from eden._torch import add_each, clone_each, copy_each
from eden.errors import ErrorModel
from eden.network import _corruption, _replay
from eden.network._calibration import Calibration
from eden.network._draw import begin_call
from eden.network._numbering import Numbering
from eden.network._reading import Handle


class Numbers(NamedTuple):
    """How far images and copies are numbered: the fields are those of a switch and its tensors."""

    by_image: bool
    numbering: Numbering
    moment: tuple[Any, ...]
    copies_read: list[tuple[int, list[int]]]


class Noted(NamedTuple):
    """What the reads of a network go by at one moment; the fields are those of an attachment."""

    state: str
    draw: tuple[int, int]
    calibration: Calibration | None
    rates: list[float | None]
    own: list[tuple[ErrorModel, _corruption.Corruption | None]]
    counters: list[Tensor]
    numbers: Numbers


def noted(attachment: Handle) -> Noted:
    """Return what reads go by now, for `as_noted`."""
    tensors = attachment.reading.tensors.values()
    counters = clone_each([tensor.counter for tensor in tensors])
    rates, own = [tensor.asked_ber for tensor in tensors], [tensor.own for tensor in tensors]
    state, known = attachment.reading.switch.state, attachment.config.calibration
    return Noted(state, attachment.draw, known, rates, own, counters, _numbers(attachment))


@contextmanager
def as_noted(attachment: Handle, then: Noted | None) -> Iterator[None]:
    """Read as at another moment inside the context, afterwards as now.

    Args:
        attachment: Of the network that is read.
        then: Of that moment, when the model was attached; None if it was not.
    """
    now, hooks = noted(attachment), None
    if then is not None and attachment.reading.detached:
        hooks = attachment.reading.hooked()
        _replay.follow(attachment)  # checkpoints within checkpoints note it anew
    _restore(attachment, now._replace(state="clean") if then is None else then)
    try:
        yield
    finally:
        _restore(attachment, now)
        if hooks is not None:
            hooks.remove()
            _replay.leave(attachment)


def _restore(attachment: Handle, noted: Noted) -> None:
    switch = attachment.reading.switch
    switch.state = noted.state
    if noted.draw != attachment.draw:
        attachment.reading.go_to(*noted.draw)
    if noted.calibration is not None and noted.calibration is not attachment.config.calibration:
        attachment.use(noted.calibration)
    tensors = list(attachment.reading.tensors.values())
    for tensor, rate, own in zip(tensors, noted.rates, noted.own, strict=True):
        if any(one is not now for one, now in zip(own, tensor.own, strict=True)):
            tensor.use(*own)
        if rate != tensor.asked_ber:
            tensor.set_ber(rate)
    copy_each([tensor.counter for tensor in tensors], noted.counters)
    _number_as(attachment, noted.numbers)


def _numbers(attachment: Handle) -> Numbers:
    switch, tensors = attachment.reading.switch, attachment.reading.tensors.values()
    copies = [(tensor.read_of_call, [*tensor.copies_read]) for tensor in tensors]
    return Numbers(switch.by_image, switch.numbering, switch.numbering.moment, copies)


def _number_as(attachment: Handle, numbers: Numbers) -> None:
    """Go on numbering images and copies from where it was."""
    switch, tensors = attachment.reading.switch, attachment.reading.tensors.values()
    switch.by_image, switch.numbering = numbers.by_image, numbers.numbering
    switch.numbering.go_back(numbers.moment)
    for tensor, read in zip(tensors, numbers.copies_read, strict=True):
        tensor.read_of_call, tensor.copies_read = read[0], [*read[1]]


@contextmanager
def by_image(attachment: Handle, images: Tensor | None = None) -> Iterator[None]:
    """Number accesses by images, not by batches, inside the context, from 0 on.

    Which weak cells fail is then the same however the images are batched, as long as they come
    in the same order: those of weights are the same in each call of the network, and image n
    of all calls has its own at the inputs of modules, whose batch begins with the images.
    Without it the reads of all calls fail apart, those after the context from those before it.

    Args:
        attachment: Of the network that is called.
        images: int64 ``[n]``: which images of a larger set come, in their order; they fail as
            they do where all of the set come. Default: all, from number 0 on.

    Raises:
        TypeError: If `images` is no int64 tensor.
        ValueError: If it has more dimensions than one, or a number below 0; inside the context
            where more images come than it has.
    """
    now, begun, numbering = _numbers(attachment), attachment.reading.begun, Numbering(images)
    tensors = list(attachment.reading.tensors.values())
    before = clone_each([tensor.counter for tensor in tensors])
    begin_call(tensors, first=True)
    switch = attachment.reading.switch
    switch.by_image, switch.numbering = True, numbering
    try:
        yield
    finally:
        _number_as(attachment, now)
        if begun == attachment.reading.begun:
            counters = [tensor.counter for tensor in tensors]
            add_each(counters, [n.to(c.device) for n, c in zip(before, counters, strict=True)])
