"""Whether this machine can compile the hot path: `python -m deploy.local.compiler` ends with 0, or says in one line what is missing and ends with 1.

It asks the compiler that setuptools would take, with Python's own headers, so a compiler without a C library, or without Python.h, counts as none.
"""

import os
import shlex
import subprocess
import sys
import sysconfig

MISSING = "No C compiler with Python's headers here (apt-get install gcc libc6-dev python3-dev): the services run uncompiled, at three quarters of the speed"


def can_compile() -> bool:
    """Whether a program that includes Python.h can be read by the compiler; nothing is written."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    try:
        asked = [*compiler, "-I", sysconfig.get_path("include"), "-E", "-x", "c", "-"]
        return not subprocess.run(asked, input=b"#include <Python.h>\n", capture_output=True, check=False).returncode
    except OSError:
        return False


def main() -> int:
    """Say what is missing, if anything. Returns 0 when it can compile, else 1."""
    if can_compile():
        return 0
    print(MISSING, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
