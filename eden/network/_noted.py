"""What the reads of a network go by at one moment, noted, and in force again for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from torch import Tensor

from eden._torch import clone_each, copy_each
from eden.errors import ErrorModel
from eden.network import _corruption, _replay
from eden.network._calibration import Calibration
from eden.network._reading import Handle


class Noted(NamedTuple):
    """What the reads of a network go by at one moment; the fields are those of an attachment."""

    state: str
    draw: tuple[int, int]
    calibration: Calibration | None
    rates: list[float | None]
    own: list[tuple[ErrorModel, _corruption.Corruption | None]]
    counters: list[Tensor]
    by_image: bool
    images: tuple[Tensor | None, Tensor | None]
    copies_read: list[tuple[int, list[int]]]


def noted(attachment: Handle) -> Noted:
    """Return what reads go by now, for `as_noted`."""
    tensors = attachment.reading.tensors.values()
    counters = clone_each([tensor.counter for tensor in tensors])
    rates, own = [tensor.asked_ber for tensor in tensors], [tensor.own for tensor in tensors]
    copies = [(tensor.read_of_call, [*tensor.copies_read]) for tensor in tensors]
    switch, known = attachment.reading.switch, attachment.config.calibration
    images = switch.chosen, switch.images
    return Noted(
        switch.state, attachment.draw, known, rates, own, counters, switch.by_image, images, copies
    )


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
    switch.state, switch.by_image = noted.state, noted.by_image
    switch.chosen, switch.images = noted.images
    if noted.draw != attachment.draw:
        attachment.reading.go_to(*noted.draw)
    if noted.calibration is not None and noted.calibration is not attachment.config.calibration:
        attachment.use(noted.calibration)
    tensors = list(attachment.reading.tensors.values())
    for tensor, rate, own, read in zip(
        tensors, noted.rates, noted.own, noted.copies_read, strict=True
    ):
        tensor.read_of_call, tensor.copies_read = read[0], [*read[1]]
        if any(one is not now for one, now in zip(own, tensor.own, strict=True)):
            tensor.use(*own)
        if rate != tensor.asked_ber:
            tensor.set_ber(rate)
    copy_each([tensor.counter for tensor in tensors], noted.counters)
