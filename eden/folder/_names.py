"""What a run calls its networks, its files and the entries in them."""

NETWORKS = ("baseline", "boosted")
# The entry of the energy account for a placement that was verified after a retreat.
RETREAT = "retreat"
# The entry for rated voltage at the latency of the measured points: what the voltage adds to it.
LATENCY = "latency"


def criticality_name(network: str) -> str:
    """Return the file of what single cells cost a network within the run folder."""
    return f"criticality/{network}.json"


def placement_name(network: str, method: str) -> str:
    """Return the file of a placement within the run folder."""
    return f"placements/{network}-{method}.json"
