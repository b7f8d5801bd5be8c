"""What a user can cause is said in one line, and the exit code is 2."""

import sys
from pathlib import Path


def in_one_line(main) -> None:
    """Run a script's `main`."""
    try:
        main()
    except (ValueError, OSError) as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        sys.exit(2)
