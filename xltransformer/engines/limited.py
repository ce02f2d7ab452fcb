"""Runs a program with limits on memory and processor time that it and its children cannot lift.

Started by its path, with `python -I -S`, so that it takes no time: it imports nothing of ours.
Arguments: megabytes, seconds, the program and its arguments. On systems that know no such limits
(Windows) the program runs without, and whoever started it still ends it when its time is out.
"""

import os
import subprocess
import sys


def limit(*, lasting: bool, **most: int) -> None:
    """Limit this process and its children: `AS=bytes` of memory, `CPU=seconds` and so on, by the names of
    the module `resource`; `lasting` where none of them may lift it again. Where a system has no such limit,
    nothing happens."""
    if sys.platform != "win32":
        import resource

        for name, wanted in most.items():
            try:
                which = getattr(resource, f"RLIMIT_{name}")
                hard = resource.getrlimit(which)[1]
                least = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
                resource.setrlimit(which, (least, least if lasting else hard))
            except (AttributeError, ValueError, OSError):
                pass  # macOS knows the limit on memory, but takes none


def main() -> None:
    megabytes, seconds, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    if sys.platform == "win32":  # where a program cannot take the place of another
        code = subprocess.run(command, check=False).returncode
        sys.exit(code - 2**32 if code >= 2**31 else code)  # as the signed number that it is there
    limit(lasting=True, AS=megabytes * 10**6, CPU=seconds, FSIZE=megabytes * 10**6, CORE=0)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
