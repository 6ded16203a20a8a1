"""`make prove` and `make bench` run the code as the image has it, compiled; all else runs the sources."""

import importlib
import os
import tomllib
from pathlib import Path

import pytest

import services

ROOT = Path(__file__).parents[2]
IMAGE = ROOT / ".medaid/compiled"
AS_IMAGE = str(IMAGE) in os.environ.get("PYTHONPATH", "").split(os.pathsep)
COMPILED = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["medaid"]["compiled"]


def test_all_code_is_of_the_form_that_was_asked_for() -> None:
    assert Path(*services.__path__) == (IMAGE if AS_IMAGE else ROOT) / "services"


@pytest.mark.parametrize("path", COMPILED)
def test_what_is_to_be_compiled_is_compiled(path: str) -> None:
    module = importlib.import_module(path.removesuffix("/__init__.py").removesuffix(".py").replace("/", "."))
    assert Path(str(module.__file__)).suffix == (".so" if AS_IMAGE else ".py")
