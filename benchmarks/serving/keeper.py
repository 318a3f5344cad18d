"""Run a program for as long as somebody wants it: when our standard input ends, it and all that it has started end.

    python -m benchmarks.serving.keeper PROGRAM [WORD]…

Whoever started this holds the other end of the pipe, which is closed however they end, be it by SIGKILL: so no server
outlives the benchmark. What the program says goes to our standard error; when it began, and as which process, is our
first line.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

# What a program may take to end by itself.
SECONDS = 15


def main() -> int:
    """Run a program to its end, or to ours; return its code."""
    started = time.monotonic()
    process = subprocess.Popen(
        sys.argv[1:], stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno(), start_new_session=True
    )
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    print(json.dumps({"pid": process.pid, "started": started}), flush=True)
    threading.Thread(target=end_when_left, args=(process,), daemon=True).start()
    code = process.wait()
    tell(process, signal.SIGKILL)
    return code


def end_when_left(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end of our input, and end the program, by force if need be."""
    # Without a buffer, whose lock would be in the way when we end first.
    while os.read(sys.stdin.fileno(), 1):
        pass
    tell(process, signal.SIGTERM)
    try:
        process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        tell(process, signal.SIGKILL)


def tell(process: subprocess.Popen[bytes], what: signal.Signals) -> None:
    """Send a signal to a program and to all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, what)


if __name__ == "__main__":
    sys.exit(main())
