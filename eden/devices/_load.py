"""Descriptions of devices: those that come with eden, and files of the user's."""

from pathlib import Path

from eden._say import a_kind, refusal
from eden.devices._device import Device, from_json

_SPECS = Path(__file__).parent / "specs"


def names() -> list[str]:
    """Return the names of the devices that come with eden."""
    return sorted(path.stem for path in _SPECS.glob("*.json"))


def load(name_or_path: str | Path) -> Device:
    """Load a device by name, or its description from a JSON file.

    Args:
        name_or_path: One of `names`, or a path that ends in ``.json``.

    Raises:
        ValueError: For an unknown name, a missing or unreadable file, or a bad description.
    """
    a_kind("device", name_or_path, (str, Path), "a name, or the path of a .json file")
    if str(name_or_path) in names():
        return from_json((_SPECS / f"{name_or_path}.json").read_text())
    path = Path(name_or_path)
    if path.suffix != ".json":
        known = ", ".join(names())
        raise ValueError(refusal("device", str(name_or_path), f"{known}, or a .json file"))
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise ValueError("not a file")
        text = path.read_text()
    except (OSError, ValueError) as error:  # of text, or of a path with a zero in it
        raise ValueError(f"device description {path} cannot be read: {error}") from error
    try:
        return from_json(text)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
