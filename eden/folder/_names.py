"""What a run calls its networks, its files and the entries in them."""

from typing import NamedTuple

NETWORKS = ("baseline", "boosted")
# The network as trained and then trained on in its stored format: where that was asked for and
# gained, it stands for the baseline.
ADAPTED = "adapted"
# Trained as long as the boosted one, without errors: beside it shows what errors in training add.
CONTROL = "control"


class Variant(NamedTuple):
    """A network of a run as it is stored.

    Attributes:
        name: Of its files.
        network: Whose weights it has.
        protected: Whether it is stored as the recipe protects it.
    """

    name: str
    network: str
    protected: bool


# Protected, a network has the weights that it has without.
VARIANTS = (
    Variant("baseline", "baseline", protected=False),
    Variant(CONTROL, CONTROL, protected=False),
    Variant("boosted", "boosted", protected=False),
    Variant("protected", "baseline", protected=True),
    Variant("boosted-protected", "boosted", protected=True),
)
# The entry of the energy account for a placement that was verified after a retreat.
RETREAT = "retreat"
# The entry for rated voltage at the latency of the measured points: what the voltage adds to it.
LATENCY = "latency"


def criticality_name(network: str) -> str:
    """Return the file of what single cells cost a network within the run folder."""
    return f"criticality/{network}.json"


def placement_name(variant: str, method: str) -> str:
    """Return the file of a placement within the run folder."""
    return f"placements/{variant}-{method}.json"


def trials_name(of: str) -> str:
    """Return the folder of the trials of a network, a variant or a stage within the run folder."""
    return f"trials/{of}"


def fresh_name(variant: str) -> str:
    """Return the file of fresh draws at the tolerance of a network within the run folder."""
    return f"tolerances/{variant}-fresh.json"


def tolerances_name(variant: str, granularity: str) -> str:
    """Return the file of a characterisation within the run folder."""
    return f"tolerances/{variant}-{granularity}.json"
