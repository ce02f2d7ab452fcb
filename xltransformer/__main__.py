"""`xlt`, also as `python -m xltransformer`; light, so that an interruption at any moment is one line."""

from __future__ import annotations

import gc
import os
import signal
import sys

from xltransformer.errors import INTERRUPTED, SAID


def main() -> None:
    """Run the command line."""
    gc.set_threshold(50_000)  # a command is short, and makes few circles of objects, but many objects
    try:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ended in good order: engines end, too
        from xltransformer.cli import main as commands

        commands(prog_name="xlt")
    except KeyboardInterrupt:
        print(SAID, file=sys.stderr, flush=True)
        os._exit(INTERRUPTED)
    except SystemExit as end:
        if end.code == INTERRUPTED:  # at once: Python would end itself by the signal where a module was loading
            os._exit(INTERRUPTED)
        raise
    finally:
        gc.freeze()  # or Python looks for circles as it ends, which takes a tenth of a small build


if __name__ == "__main__":
    main()
