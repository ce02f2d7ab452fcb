"""`xlt`, also as `python -m xltransformer`; light, so that an interruption at any moment is one line."""

from __future__ import annotations

import sys

INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells have it."""


def main() -> None:
    """Run the command line."""
    try:
        from xltransformer.cli import main as commands

        commands(prog_name="xlt")
    except KeyboardInterrupt:
        interrupted()


def interrupted() -> None:
    """Say so in one line, and end."""
    print("xlt: interrupted; nothing was left half-written", file=sys.stderr)
    sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
