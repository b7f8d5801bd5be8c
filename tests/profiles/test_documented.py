"""docs/profiles.md is true: its example is a profile, its table has the columns there are."""

import re
from pathlib import Path

from eden import profiles

PAGE = (Path(__file__).parents[2] / "docs" / "profiles.md").read_text()


def test_the_example_reads(tmp_path):
    (example,) = re.findall(r"```csv\n(.*?)```", PAGE, flags=re.S)
    path = tmp_path / "example.csv"
    path.write_text(example)
    profile = profiles.read(path)
    assert len(profile) == 30
    assert len(profiles.conditions(profile)) == 6


def test_every_column_is_there():
    table = PAGE[PAGE.index("## Columns") : PAGE.index("What follows")]
    named = re.findall(r"^\| (.*?) \|", table, flags=re.M)[2:]
    columns = [name for cell in named for name in re.findall(r"`(\w+)`", cell)]
    assert columns == [column.name for column in profiles.COLUMNS]
