"""The `cxgen` command, and `python -m cxgen`."""

from __future__ import annotations

import gc
import signal
from typing import NoReturn


def main() -> NoReturn:
    """Runs the command line. Ctrl-C ends the process as it ends any: a render that is killed loses nothing."""
    gc.disable()  # what a command makes lives until its end, and to look for cycles takes a sixth of its time
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # who started it may have had SIGINT ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from cxgen.cli import run  # after the lines above, because it takes a while

    run()


if __name__ == "__main__":
    main()
