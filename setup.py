"""All is in `pyproject.toml`. With MEDAID_COMPILED=1, mypyc compiles what `tool.medaid.compiled` lists, as in the image; without, it runs as well, only slower.

That needs a C compiler, and the extra `build` at hand: `MEDAID_COMPILED=1 pip install --no-build-isolation .`
"""

import os
import tomllib
from pathlib import Path

from setuptools import setup

if os.environ.get("MEDAID_COMPILED") == "1":
    from mypyc.build import mypycify

    paths = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["tool"]["medaid"]["compiled"]
    setup(ext_modules=mypycify(paths, opt_level="3", debug_level="0", group_name="services.compiled"))
else:
    setup()
