"""What a user is told of a mistake or an interruption, in one line."""

from __future__ import annotations

SAID = "xlt: interrupted; nothing was left half-written"
INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells have it."""


class UserError(Exception):
    """Something the user gave cannot be used.

    The message is one line that says what is wrong, with the value, and what to do.
    The command line prints it and exits with status 2.
    """

    def _render_traceback_(self) -> list[str]:
        return rendered(self)


def rendered(error: BaseException) -> list[str]:
    """What IPython shows of an error in place of a traceback: the user's own lines, and the message."""
    import traceback
    from pathlib import Path

    ours = str(Path(__file__).parent)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(ours) and "IPython" not in frame.filename]
    return [*"".join(traceback.format_list(own)).splitlines(), f"{type(error).__name__}: {error}"]


MOST_LINE = 300
"""The most characters of a line that the command line prints about a mistake."""


def one_line(message: str) -> str:
    """A message as one line; of a long one the beginning, which names the value, and the end, which
    says what to do."""
    line = " ".join("".join(c if c.isprintable() else " " for c in message).split())
    if len(line) <= MOST_LINE:
        return line
    end = 110
    return f"{line[: MOST_LINE - end - 3]} … {line[-end:]}"
