"""The coarse search against oracles whose answer is known: each draw's first miss, asked less."""

from itertools import combinations

import pytest
from fake_network import oracle
from hypothesis import assume, given
from hypothesis import strategies as st

from eden.tolerance._coarse import DIP, coarse_search
from eden.tolerance._oracle import DRIFT

IMAGES, PART, TARGET = 500, 100, 0.9
LOW, HIGH = -40, -4


class Network:
    """Draws by what they lose at each step: so many images of the part, and a share of others."""

    def __init__(self, losses, *, drift=0.0):
        self.losses, self.drift = losses, drift
        self.asked, self.guessed = [], []

    def lost(self, step, draw):
        """Images of the part that are named wrongly."""
        return 0 if step < LOW else self.losses[draw][step - LOW]

    def accuracy(self, step, draw):
        lost = self.lost(step, draw)
        return (IMAGES - lost - round(self.drift * lost)) / IMAGES

    def whole(self, step, draw):
        self.asked.append((step, draw))
        return self.accuracy(step, draw)

    def close(self, step, draw):
        self.guessed.append((step, draw))
        return (1 << PART) - (1 << self.lost(step, draw))

    def sweep(self):
        """Every step under every draw: the step before the first miss."""
        return tuple(
            next((s for s in self.steps() if self.accuracy(s, d) < TARGET), HIGH + 1) - 1
            for d in range(len(self.losses))
        )

    def search(self, *, parted=True, cells=None):
        part = {"close": self.close, "images": IMAGES} if parted else {}
        asked = oracle(self.whole, TARGET, cells=cells, **part)
        return coarse_search(asked, range(len(self.losses)), low=LOW, high=HIGH)

    def steps(self):
        return range(LOW, HIGH + 1)

    def hides_a_miss(self):
        """Whether a draw dips below the target deeper than the search looks for.

        As it may see it: by the part alone, before the others' loss is known.
        """
        return any(
            low - DIP * (1 - low) >= TARGET > min(all_[first + 1 : last])
            for draw in range(len(self.losses))
            for all_ in [[1.0, *(self.accuracy(s, draw) for s in self.steps())]]
            for seen in [[1.0, *(1 - self.lost(s, draw) / IMAGES for s in self.steps())]]
            for first, last in combinations(range(len(all_)), 2)
            if last - first > 1 and min(all_[first], all_[last]) >= TARGET
            for low in [min(seen[first], seen[last])]
        )


def falling(threshold, *, before=20, after=90):
    """Loses a little from the start, and much beyond the threshold."""
    return [before if step <= threshold else after for step in range(LOW, HIGH + 1)]


@st.composite
def draws(draw, unit=1):
    """Rising losses with a rise or fall of its own at each step."""
    losses = []
    for _ in range(draw(st.integers(1, 4))):
        scale = draw(st.floats(0.5, 6))
        noise = draw(st.lists(st.integers(-15, 15), min_size=37, max_size=37))
        rise = [scale * k + n for k, n in enumerate(noise)]
        losses.append([unit * int(min(max(x, 0), PART) // unit) for x in rise])
    return losses


@pytest.mark.parametrize("parted", [True, False])
def test_a_draw_that_dips_recovers_and_misses_for_good_ends_before_the_dip(parted):
    dips = falling(-18, before=42)
    dips[-24 - LOW] = 52
    network = Network([falling(-18), falling(-18), dips])
    assert network.search(parted=parted).thresholds == (-18, -18, -25) == network.sweep()


@given(draws())
def test_it_finds_what_the_sweep_finds(losses):
    network = Network(losses)
    assume(not network.hides_a_miss())
    for parted in (True, False):
        assert network.search(parted=parted).thresholds == network.sweep()


@given(draws(unit=5), st.sampled_from([0.2, DRIFT]))
def test_images_outside_the_part_change_nothing_as_long_as_they_drift_within_the_bound(
    losses, drift
):
    network = Network(losses, drift=drift)
    assume(not network.hides_a_miss())
    assert network.search().thresholds == network.sweep()


@given(draws(), st.floats(0, 2))
def test_whatever_the_images_do_the_end_has_missed_and_nothing_is_asked_twice(losses, drift):
    network = Network(losses, drift=drift)
    found = network.search()
    for draw, threshold in enumerate(found.thresholds):
        assert threshold == HIGH or network.accuracy(threshold + 1, draw) < TARGET
        assert threshold == HIGH or (threshold + 1, draw) in network.asked
        assert all(
            network.accuracy(step, draw) >= TARGET
            for step, of in network.asked
            if of == draw and step <= threshold
        )
    assert found.worst == min(found.thresholds)
    for questions in (network.asked, network.guessed):
        assert len(questions) == len(set(questions))


@given(draws())
def test_all_images_are_asked_only_where_the_part_does_not_clear_the_target(losses):
    network = Network(losses)
    network.search()
    for step, draw in network.asked:
        sure = IMAGES - network.lost(step, draw) - int(DRIFT * network.lost(step, draw))
        assert step < LOW or sure / IMAGES < TARGET


def test_a_draw_that_falls_at_once_takes_one_question_of_all_images_beside_the_clean_one():
    network = Network([falling(threshold) for threshold in (-30, -22, -26)])
    assert network.search().thresholds == (-30, -22, -26)
    assert network.asked == [
        (step, draw)
        for draw, threshold in enumerate((-30, -22, -26))
        for step in (LOW - 1, threshold + 1)
    ]


def test_steps_that_read_the_same_are_asked_once_and_end_together():
    # Three steps each make the same cells weak, so a draw ends with such a group.
    group = lambda step: (step - LOW) // 3  # noqa: E731
    losses = [falling(LOW + 3 * k - 1) for k in (5, 4, 7)]
    network = Network(losses)
    assert network.search(cells=lambda s, d: group(s)).thresholds == network.sweep()
    read = [(group(step), draw) for step, draw in network.asked]
    assert len(read) == len(set(read))


@pytest.mark.parametrize("parted", [True, False])
def test_the_ends_of_the_grid(parted):
    always, never = [0] * 37, [90] * 37
    assert Network([always] * 2).search(parted=parted).thresholds == (HIGH, HIGH)
    found = Network([always, never]).search(parted=parted)
    assert found.thresholds == (HIGH, LOW - 1) and found.worst == LOW - 1
