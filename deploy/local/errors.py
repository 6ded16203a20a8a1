"""What can go wrong with a server of one's own: it cannot be had here, or it does not run."""

import shutil


class Unobtainable(Exception):
    """A program is missing on this machine; the text is one line and says how to install it."""


class Failed(Exception):
    """A server was obtained but does not start, answer or stop; the text names its log."""


def program(name: str, packages: str) -> str:
    """Return the path of the program `name`, which the Debian `packages` bring.

    Raises:
        Unobtainable: it is not on the path.
    """
    path = shutil.which(name)
    if path is None:
        raise Unobtainable(f"{name} is missing: apt-get install {packages}")
    return path
