"""The rate of an epoch, or of a batch, on the way to the target."""

import json

import pytest
import torch

from eden import errors
from eden.network import Config, attach
from eden.training import CurriculumSchedule, RampSchedule

CONFIG = Config(errors.Uniform(0.0), stored="int8")


def rates(schedule):
    seen = []
    for _ in range(schedule.epochs):
        seen.append(schedule.ber)
        schedule.step()
    return seen


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"epochs": 10}, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]),
        ({"epochs": 5}, [0, 0, 2, 2, 4]),
        ({"epochs": 3, "step_epochs": 1}, [0, 2, 4]),
        ({"epochs": 2}, [4, 4]),
        ({"epochs": 4, "start_ber": 0.02}, [3, 3, 4, 4]),
        ({"epochs": 2, "start_ber": 0.04}, [4, 4]),
    ],
)
def test_the_rate_rises_in_equal_steps(model, arguments, expected):
    schedule = CurriculumSchedule(attach(model, CONFIG), target_ber=0.04, **arguments)
    assert rates(schedule) == pytest.approx([step / 100 for step in expected])
    assert set(schedule.handle.ber.values()) == {0.04}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"target_ber": 0.0}, "target_ber is 0.0, accepted"),
        ({"target_ber": float("nan")}, "target_ber is nan, accepted"),
        ({"target_ber": 0.1, "start_ber": 0.2}, "start_ber is 0.2, accepted: .* 0 to 0.1"),
        ({"target_ber": 0.1, "epochs": 0}, "epochs is 0, accepted"),
        ({"target_ber": 0.1, "step_epochs": 1.5}, "step_epochs is 1.5, accepted"),
        ({"target_ber": 10**400}, "target_ber is 1000.*, accepted"),
        ({"target_ber": None}, "target_ber is None, accepted"),
        ({"target_ber": True}, "target_ber is True, accepted"),
        ({"target_ber": 0.6}, "failure probability"),
    ],
)
def test_bad_schedules_are_refused_before_any_training(model, arguments, words):
    handle = attach(model, Config(errors.Uniform(0.0, 0.5)))
    with pytest.raises((ValueError, TypeError), match=words):
        CurriculumSchedule(handle, **arguments)


def test_a_schedule_goes_on_from_its_state(model, blobs):
    handle = attach(model, CONFIG)
    handle.learn_bounds([blobs[0]])
    schedule = CurriculumSchedule(handle, target_ber=0.04, epochs=10)
    for _ in range(5):
        handle.step()
        schedule.step()
    state = json.loads(json.dumps(schedule.state_dict()))
    handle.step()
    expected = model(blobs[0])
    handle.detach()

    again = attach(model, CONFIG)
    other = CurriculumSchedule(again, target_ber=0.5, epochs=3)
    other.load_state_dict(state)
    assert other.epoch == 5 and other.ber == schedule.ber and again.ber == handle.ber
    again.step()
    assert torch.equal(model(blobs[0]), expected)


def test_by_batch_the_rate_rises_to_the_target_and_varies_below_it(model):
    handle = attach(model, CONFIG)
    schedule = RampSchedule(handle, target_ber=0.04, batches=1000, ramp=0.5, least=0.25)
    seen = []
    for _ in range(1000):
        schedule.step()
        assert set(handle.ber.values()) == {schedule.ber}
        seen.append(schedule.ber)
    risen = [0.04 * min(1, k / 500) for k in range(1000)]
    assert all(0.25 * r <= ber <= r for ber, r in zip(seen, risen, strict=True))
    # Evenly between a quarter and all: 5/8 on average.
    assert sum(seen[500:]) / 500 == pytest.approx(0.04 * 5 / 8, rel=0.03)
    # Which share is the draw's, not the process's.
    state = json.loads(json.dumps(schedule.state_dict()))
    handle.detach()
    again = attach(model, CONFIG)
    other = RampSchedule(again, target_ber=0.5, batches=2)
    other.load_state_dict(state)
    assert other.ber == seen[-1] and set(again.ber.values()) == {seen[-1]}
    plain = RampSchedule(again, target_ber=0.04, batches=4, ramp=0, least=1)
    plain.step()
    assert plain.ber == 0.04


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"ramp": 1.5}, "ramp is 1.5, accepted"),
        ({"least": 0.0}, "least is 0.0, accepted"),
        ({"batches": 0}, "batches is 0, accepted"),
        ({"start_ber": 0.3}, "start_ber is 0.3, accepted"),
    ],
)
def test_bad_ramps_are_refused(model, arguments, words):
    with pytest.raises(ValueError, match=words):
        RampSchedule(attach(model, CONFIG), **{"target_ber": 0.04, "batches": 9} | arguments)
