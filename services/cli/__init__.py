"""The command line `medaid`."""

from services.cli.main import main

__all__ = ["main"]
