"""The manifests of deploy/kubernetes built by kustomize, and each object held strictly against its kind."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

ROOT = Path(__file__).parents[3]
KUBERNETES = ROOT / "deploy/kubernetes"
OVERLAYS = ("single", "ha", "strimzi")
VERSIONS = ("1.31", "1.37")
"""The oldest that the manifests need (`matchLabelKeys`), and the newest that the validator knows."""

KINDS = yaml.safe_load(Path(__file__).with_name("kinds.yaml").read_text("utf-8"))

kubernetes_validate.utils.schema_contents = cache(kubernetes_validate.utils.schema_contents)
"""It would read a version's definitions, a megabyte, anew for each object."""

Manifest = dict[str, Any]


def builder() -> Sequence[str]:
    """The command that builds a kustomization; without one the test is skipped, or fails where CI=true: there it must be."""
    for command in (["kustomize", "build"], [str(ROOT / ".medaid/bin/kustomize"), "build"], ["kubectl", "kustomize"]):
        if shutil.which(command[0]):
            return command
    missing = "neither kustomize nor kubectl is here: GOBIN=$PWD/.medaid/bin go install sigs.k8s.io/kustomize/kustomize/v5@v5.0.3"
    if os.environ.get("CI") == "true":
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)


def build(overlay: str, kubernetes: Path = KUBERNETES) -> list[Manifest]:
    """The objects of an overlay. Raises: ValueError, kustomize refuses it."""
    return build_in(kubernetes / "overlays" / overlay)


def build_in(folder: Path) -> list[Manifest]:
    """The objects of the kustomization in a folder. Raises: ValueError, kustomize refuses it."""
    done = subprocess.run([*builder(), str(folder)], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise ValueError(done.stderr)
    return list(yaml.safe_load_all(done.stdout))


def check(manifest: Manifest) -> None:
    """Hold an object against its kind. Raises: ValidationError, jsonschema's or kubernetes_validate's."""
    own = KINDS.get(f"{manifest['apiVersion']}/{manifest['kind']}")
    if own is not None:
        return jsonschema.validate(manifest, own | {"definitions": KINDS["definitions"]})
    for version in VERSIONS:
        kubernetes_validate.validate(manifest, version, strict=True)


def of_kind(manifests: Sequence[Manifest], *kinds: str) -> list[Manifest]:
    """Those of some kinds."""
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def pod_of(manifest: Manifest) -> Manifest:
    """What a Deployment or a Job makes pods of."""
    spec: Manifest = manifest["spec"]["template"]["spec"]
    return spec
