"""What the command line does before the library is loaded.

Imported first, and does nothing where eden is a library.

Ctrl-C during an import ends in one line. A KeyboardInterrupt, which it is elsewhere, would not do:
it comes out of an import as a page of text, and some libraries make another error of it.

The doctor is run in a process of its own: a library that crashes when it is loaded ends that one.

Progress that nobody watches, such as that of a run whose stderr is a file, is said twice a minute.
"""

import os
import signal
import sys
from types import FrameType

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
_INNER = "EDEN_DOCTOR_INNER"


def _interrupt(number: int, frame: FrameType | None) -> None:
    inner = frame
    while inner is not None:
        if inner.f_code.co_filename.startswith("<frozen importlib"):
            os.write(2, b"eden: interrupted\n")
            os._exit(INTERRUPTED)
        inner = inner.f_back
    signal.default_int_handler(number, frame)


def _is_command() -> bool:
    """Whether this process is ``eden`` or ``python -m eden``."""
    script = os.path.basename(sys.argv[0]) if sys.argv else ""
    return script == "eden" or (script == "-m" and sys.orig_argv[-len(sys.argv) :][:1] == ["eden"])


def ending(status: int, text: str) -> str:
    """Say in one line how a process ended that should not have.

    Args:
        status: Its return code.
        text: What it wrote to stderr.
    """
    last = (text.strip().splitlines() or [""])[-1]
    if status < 0:
        return f"the library crashed: {signal.Signals(-status).name} {last}".rstrip()
    return f"exit status {status}: {last}"


def _doctor() -> None:
    """Run the doctor, and tell how it ended where it did not come to its own end."""
    import subprocess  # no other command needs it, and Ctrl-C would meet its import

    inner = subprocess.run(
        [sys.executable, "-m", "eden", "doctor"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {_INNER: "1"},
    )
    status, said = inner.returncode, inner.stderr
    if status not in (0, 1, 2, INTERRUPTED) or "Traceback" in said:
        said, status = f"FAIL: the library does not load: {ending(status, said)}\n", 1
    sys.stderr.write(said)
    sys.stderr.flush()
    os._exit(status)


if _is_command():
    if not (sys.stderr and sys.stderr.isatty()):
        os.environ.setdefault("TQDM_MININTERVAL", "30")  # seconds; tqdm reads it when imported
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    if sys.argv[1:] == ["doctor"] and _INNER not in os.environ:
        _doctor()
