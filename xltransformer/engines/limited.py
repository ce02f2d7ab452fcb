"""Runs a program with limits on memory and processor time that it and its children cannot lift.

Started by its path, with `python -I -S`, so that it takes no time: it imports nothing of ours.
Arguments: megabytes, seconds, the program and its arguments. On systems that know no such limits
(Windows) the program runs without, and whoever started it still ends it when its time is out.
"""

import os
import subprocess
import sys


def main() -> None:
    megabytes, seconds, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    try:
        import resource
    except ImportError:
        sys.exit(subprocess.run(command, check=False).returncode)
    for which, most in (
        ("RLIMIT_AS", megabytes * 10**6),
        ("RLIMIT_CPU", seconds),
        ("RLIMIT_FSIZE", megabytes * 10**6),
        ("RLIMIT_CORE", 0),
    ):
        try:
            _, hard = resource.getrlimit(getattr(resource, which))
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(getattr(resource, which), (most, most))
        except (AttributeError, ValueError, OSError):
            pass  # macOS knows the limit on memory, but takes none
    os.execv(command[0], command)


main()
