"""What a process holds in memory, secrets and persons, is written to no core dump, and no other process of its user may read it there."""

import resource
import sys

PR_SET_DUMPABLE = 4
"""linux/prctl.h"""


def forbid_dumps() -> None:
    """For this process, whatever the system's limits and wherever it sends its dumps; children begin anew.

    On Linux debuggers and /proc/PID/environ are closed as well, to all but root. The limit alone would not do: dumps that go to a program heed it not always.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        import ctypes  # only here: it takes as long as all else that a short command needs

        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
