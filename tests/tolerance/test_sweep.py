"""The fine search against oracles whose answer is known: the plain sweep's end, asked less."""

import random

import pytest
from fake_network import oracle
from hypothesis import given
from hypothesis import strategies as st

from eden.tolerance import ber_of
from eden.tolerance._sweep import held, lazy_sweep, plain_sweep

IMAGES = 200
BASE, HIGH = -30, -10


class Network:
    """Images that turn wrong as tensors rise; the first `part` of them are the closest ones.

    Image i is wrong under a draw once tensors have risen enough in sum, each by its weight. With
    `healing` another error may turn it right again, as happens in networks.
    """

    def __init__(self, seed, tensors, draws, *, part=40, beyond=0, healing=0.0):
        rng = random.Random(seed)
        self.names = [f"t{i}" for i in range(tensors)]
        self.draws, self.part = list(range(draws)), part
        self.weight = {(n, d): rng.uniform(0, 2) for n in self.names for d in self.draws}
        self.falls = {}
        for draw in self.draws:
            # Images beyond the part do not change but for a few.
            changing = [*range(part), *rng.sample(range(part, IMAGES), beyond)]
            self.falls[draw] = [
                (i, rng.uniform(1, 20 * tensors), rng.random() < healing) for i in changing
            ]
        self.asked, self.guessed, self.missed = [], [], set()

    def wrong(self, steps, draw):
        rise = sum(self.weight[n, draw] * (s - BASE) for n, s in steps.items())
        return {
            i
            for i, at, heals in self.falls[draw]
            if rise >= at and not (heals and rise >= 1.3 * at)
        }

    def whole(self, steps, draw):
        self.asked.append((tuple(steps.values()), draw))
        return self.accuracy(steps, draw)

    def accuracy(self, steps, draw):
        return (IMAGES - len(self.wrong(steps, draw))) / IMAGES

    def close(self, steps, draw):
        self.guessed.append((tuple(steps.values()), draw))
        wrong = self.wrong(steps, draw)
        return sum(1 << i for i in range(self.part) if i not in wrong)

    def holds(self, steps):
        accuracies = [self.accuracy(steps, draw) for draw in self.draws]
        return min(accuracies) >= self.target

    target = 0.95

    def start(self):
        return dict.fromkeys(self.names, BASE)

    def lazy(self, *, whole=None, on_settled=None, groups=None, **more):
        asked = oracle(whole or self.whole, self.target, **more)
        shared = {"high": HIGH, "draws": self.draws, "groups": groups}
        return lazy_sweep(asked, self.start(), on_settled=on_settled, **shared)


networks = st.tuples(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 4))


def test_the_plain_sweep_ends_where_no_tensor_can_be_raised():
    # Each tensor costs weight * BER of a common budget: the shape of a real accuracy loss.
    weight = {"first": 30.0, "middle": 1.0, "last": 10.0}

    def holds(steps):
        return sum(weight[n] * ber_of(s) for n, s in steps.items()) <= 0.5

    settled = []
    found = plain_sweep(holds, dict.fromkeys(weight, -30), high=-4, on_settled=settled.append)
    assert holds(found)
    for name in weight:
        assert found[name] == -4 or not holds({**found, name: found[name] + 1})
    assert min(found.values()) > -30
    assert settled == sorted(settled) and settled[-1] == 3


def test_tensors_of_a_group_rise_and_stop_together():
    # 10^(s/10) summed over tensors: three at -10 are 0.3, two at -7 and one at -10 are 0.499.
    def holds(steps):
        return sum(map(ber_of, steps.values())) <= 0.5

    settled, start = [], dict.fromkeys("abc", -30)
    found = plain_sweep(holds, start, high=-4, groups=["ab", "c"], on_settled=settled.append)
    assert found["a"] == found["b"]
    for group in ("ab", "c"):
        assert not holds({n: s + (n in group) for n, s in found.items()})
    assert settled[-1] == 3 and set(settled) <= {0, 1, 2, 3}
    # All in one: the highest common step, 3 * 10^(-8/10) = 0.475.
    assert plain_sweep(holds, start, high=-4, groups=["abc"]) == dict.fromkeys("abc", -8)


@given(networks, st.integers(1, 5))
def test_groups_give_the_plain_sweep_of_groups(network, size):
    network = Network(*network)
    names = network.names
    groups = [names[first : first + size] for first in range(0, len(names), size)]
    expected = plain_sweep(network.holds, network.start(), high=HIGH, groups=groups)
    assert network.lazy(groups=groups) == expected
    assert network.lazy(groups=groups, close=network.close, images=IMAGES) == expected


@given(networks)
def test_without_a_part_it_is_the_plain_sweep_to_the_letter(network):
    # Any oracle at all: nothing is guessed.
    network = Network(*network, beyond=20, healing=0.5)
    assert network.lazy() == plain_sweep(network.holds, network.start(), high=HIGH)
    assert len(network.asked) == len(set(network.asked))


@given(networks)
def test_images_that_fall_once_give_the_plain_sweep(network):
    network = Network(*network)
    expected = plain_sweep(network.holds, network.start(), high=HIGH)
    found = network.lazy(close=network.close, images=IMAGES)
    assert found == expected
    # Each answer once; where none but the closest change, all images are asked at the start and
    # the end under each draw, and wherever the closest do not clear the target.
    assert len(network.asked) == len(set(network.asked))
    assert len(network.guessed) == len(set(network.guessed))


@given(networks)
def test_fewer_than_half_of_the_questions_go_to_all_images(network):
    network = Network(*network)
    trials = []
    plain_sweep(lambda steps: trials.append(1) or network.holds(steps), network.start(), high=HIGH)
    network.lazy(close=network.close, images=IMAGES)
    draws = len(network.draws)
    assert len(network.asked) <= 2 * draws + len(network.names) + len(trials) * draws / 2


@given(networks, st.integers(0, 30), st.floats(0, 1))
def test_whatever_the_images_do_the_end_holds_and_what_stopped_missed(network, beyond, healing):
    network = Network(*network, beyond=beyond, healing=healing)
    missed = set()

    def whole(steps, draw):
        accuracy = network.whole(steps, draw)
        if accuracy < network.target:
            missed.update((name, step) for name, step in steps.items())
        return accuracy

    found = network.lazy(whole=whole, close=network.close, images=IMAGES)
    assert network.holds(found)
    for name, step in found.items():
        assert step == HIGH or (name, step + 1) in missed
    assert len(network.asked) == len(set(network.asked))


@given(networks, st.integers(0, 30))
def test_tensors_settle_once_and_the_last_one_when_the_end_is_certain(network, beyond):
    network = Network(*network, beyond=beyond, healing=0.3)
    settled = []

    def note(count):
        settled.append((count, len(network.asked)))

    network.lazy(close=network.close, images=IMAGES, on_settled=note)
    counts = [count for count, _ in settled]
    assert counts == sorted(counts)
    assert counts.count(len(network.names)) == 1
    assert settled[-1] == (len(network.names), len(network.asked))


def test_an_image_outside_the_part_is_found_by_the_end():
    # One draw, one tensor: the target allows no image, and the one that falls is not in the part.
    falls = {"a": -20}

    def whole(steps, draw):
        return 1.0 - (steps["a"] > falls["a"]) / IMAGES

    asked = oracle(whole, 1.0, close=lambda steps, draw: 0, images=IMAGES)
    assert lazy_sweep(asked, {"a": BASE}, high=HIGH, draws=[0]) == falls


def test_steps_that_read_the_same_are_asked_once():
    network = Network(3, 4, 3)
    coarse = {name: 5 for name in network.names}

    def cells(steps, draw):
        return tuple((steps[n] - BASE) // coarse[n] for n in steps)

    def read(steps):
        return {n: BASE + coarse[n] * ((s - BASE) // coarse[n]) for n, s in steps.items()}

    expected = plain_sweep(lambda s: network.holds(read(s)), network.start(), high=HIGH)
    keys = []
    found = network.lazy(
        whole=lambda s, d: keys.append((d, cells(s, d))) or network.accuracy(read(s), d),
        cells=cells,
    )
    assert found == expected and len(keys) == len(set(keys))


def test_a_start_that_misses_stays():
    asked = oracle(lambda steps, draw: 0.1, 0.5)
    found = lazy_sweep(asked, {"a": -9, "b": -9}, high=0, draws=[1, 2])
    assert found == {"a": -9, "b": -9}


def test_held_takes_the_step_that_helps_most():
    # Draw 1 bears "a" up to -20 only; nothing else matters to any draw.
    def accuracy(steps, draw):
        return 0.9 - (draw == 1) * max(0, steps["a"] + 20) / 20

    arguments = {"base": {"a": -40, "b": -40}, "top": {"a": -16, "b": -4}, "draws": [0, 1, 2]}
    asked = oracle(accuracy, 0.8)
    assert held(asked, {"a": -17, "b": -5}, **arguments) == {"a": -18, "b": -5}
    assert held(asked, {"a": -20, "b": -5}, **arguments) == {"a": -20, "b": -5}
    ranked = []
    asked.rank = lambda s, d: ranked.append(d) or accuracy(s, d)
    assert held(asked, {"a": -17, "b": -5}, **arguments) == {"a": -18, "b": -5}
    assert ranked == [1] * 4  # either tensor, down and up


def test_held_moves_groups_as_one():
    def accuracy(steps, draw):
        return 0.9 - max(0, steps["a"] + 20) / 20

    asked, base = oracle(accuracy, 0.8), {"a": -40, "b": -40, "c": -40}
    steps = {"a": -17, "b": -5, "c": -9}
    arguments = {"base": base, "top": steps, "draws": [0], "groups": ["ab", "c"]}
    assert held(asked, steps, **arguments) == {"a": -18, "b": -6, "c": -9}


def test_held_keeps_each_above_its_own_base():
    asked = oracle(lambda s, d: 0.0, 0.5)
    base = {"a": -9, "b": -4}
    assert held(asked, {"a": -3, "b": -3}, base=base, top={"a": -3, "b": -3}, draws=[0]) == base


def test_held_goes_back_up_where_only_that_helps_and_not_above_the_top():
    top = {"a": -10, "b": -10}

    def accuracy(steps, draw):
        return 0.5 + 0.4 * (steps["b"] == -10)

    arguments, asked = {"base": {"a": -40, "b": -40}, "draws": [0]}, oracle(accuracy, 0.8)
    assert held(asked, {"a": -11, "b": -11}, top=top, **arguments) == {"a": -11, "b": -10}
    low = {"a": -11, "b": -11}
    assert held(asked, low, top=low, **arguments) == {"a": -40, "b": -40}


@given(networks, st.floats(0, 1))
def test_held_ends_where_all_draws_hold(network, healing):
    network = Network(*network, beyond=20, healing=healing)
    top = plain_sweep(network.holds, network.start(), high=HIGH)
    low = {name: max(BASE, step - 1) for name, step in top.items()}
    asked = oracle(network.accuracy, network.target)
    found = held(asked, low, base=network.start(), top=top, draws=network.draws)
    assert network.holds(found)
    assert all(BASE <= found[name] <= top[name] for name in top)


@pytest.mark.parametrize("steps", [{"a": -3}, {"a": -9}])
def test_held_ends_at_the_base_where_nothing_helps(steps):
    asked = oracle(lambda s, d: 0.0, 0.5)
    assert held(asked, steps, base={"a": -9}, top=steps, draws=[0]) == {"a": -9}
