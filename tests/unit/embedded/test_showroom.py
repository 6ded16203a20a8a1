"""`medaid demo` at a terminal ends with a console over its cities, and with Ctrl-C; without a terminal nothing of a web server is loaded."""

import os
import pty
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import httpx2

from services.embedded.showroom import PASSWORD

MEDAID = Path(sys.executable).with_name("medaid")
PERSONS = "60"


def until(terminal: int, words: str) -> str:
    """What the demo prints up to these words."""
    told = b""
    while words.encode() not in told:
        told += os.read(terminal, 65_536)
    return told.decode(errors="replace")


def test_at_a_terminal_the_console_opens_filled_and_ends_with_ctrl_c() -> None:
    terminal, other = pty.openpty()
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # whoever runs the tests in the background hands on that it is ignored
    process = subprocess.Popen([MEDAID, "demo", "--persons", PERSONS], stdout=other, stderr=subprocess.PIPE, preexec_fn=heard)
    os.close(other)
    try:
        found = re.search(r"http://127\.0\.0\.1:\d+", until(terminal, "Ctrl-C ends it"))
        assert found
        with httpx2.Client(base_url=found.group(), follow_redirects=True, headers={"Accept-Language": "en"}) as client:
            csrf = re.search(r'name="csrf" value="([^"]+)"', client.get("/login").text)
            assert csrf
            client.post("/login", data={"csrf": csrf.group(1), "name": "viewer", "password": PASSWORD})
            assert re.search(r"Warnings that match: \d{2,}", client.get("/warnings?state=").text)
            for region in ("suzhou", "wuxi", "lianyungang", "changchun"):
                claims = re.search(r"<dt>Claims</dt><dd>([\d,]+)</dd>", client.get(f"/cities/{region}?year=2025").text)
                assert claims
                assert int(claims.group(1).replace(",", "")) > int(PERSONS)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""
    finally:
        process.kill()
        os.close(terminal)


def test_no_service_and_no_command_loads_what_the_console_needs_alone() -> None:
    code = (
        "import sys, services.cli.main, services.identity.app, services.settlement.app, services.monitoring.app\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'starlette', 'jinja2', 'argon2', 'authlib', 'httpx2', 'itsdangerous'}))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"
