"""A command that dies of a fault of memory leaves no core dump, where the machine would write one; and nobody of its user looks into it."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

DIES = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
OURS = f"import sys; sys.argv = ['medaid', '--version']\nfrom services.cli import main\ntry: main()\nexcept SystemExit: pass\n{DIES}"
WHERE = Path("/proc/sys/kernel/core_pattern")


def dumps(code: str, folder: Path) -> bool:
    """Whether a Python that runs `code`, and dies of SIGSEGV, leaves a core dump: as the kernel tells whoever waits for it."""
    process = os.posix_spawn(
        "/bin/sh", ["sh", "-c", 'ulimit -c unlimited; cd "$1" && exec "$2" -c "$3"', "sh", str(folder), sys.executable, code], os.environ
    )
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGSEGV
    return os.WCOREDUMP(status)


@pytest.mark.skipif(not WHERE.exists(), reason="Linux says who has dumped")
def test_a_command_of_ours_leaves_no_dump(tmp_path: Path) -> None:
    if resource.getrlimit(resource.RLIMIT_CORE)[1] != resource.RLIM_INFINITY or not dumps(DIES, tmp_path):
        pytest.skip("this machine writes no dumps of anybody")
    assert not dumps(OURS, tmp_path)


def test_limits_and_the_kernel_say_so() -> None:
    """Where no dump can be tried too: `medaid` as it is started."""
    asked = "import ctypes, resource; print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    code = OURS.replace(DIES, asked)
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    assert told[-1] == "(0, 0) 0"
