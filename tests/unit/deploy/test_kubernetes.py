"""The manifests: strictly valid in each overlay, and what they promise of pods, probes, rollouts, secrets, networks and scalers."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from jsonschema import ValidationError

from schemas.catalogue import ADMISSIONS, CLAIMS, IDENTITY_EVENTS, OPERATOR_EVENTS
from services.access.plan import USERS, plan
from services.access.writing import as_strimzi
from services.console.service import ConsoleService
from services.console.settings import ConsoleSettings
from services.identity.app import IdentityService
from services.monitoring.app import MonitoringService
from services.runtime.settings import Settings
from services.settlement.app import SettlementService
from tests.integration.secured import Authority
from tests.unit.deploy.manifests import KINDS, KUBERNETES, OVERLAYS, Manifest, build, build_in, check, of_kind, pod_of

SERVICES = {service.name: service for service in (IdentityService, SettlementService, MonitoringService, ConsoleService)}
LEAVING_S_MAX = 20
"""How long a process may take to leave its group (`graceful_timeout`, services/runtime/subscription.py)."""

REPLAYED = {ADMISSIONS, CLAIMS, IDENTITY_EVENTS, OPERATOR_EVENTS}
"""Where the console sends mended letters."""

RESTRICTED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


@pytest.fixture(scope="module", params=OVERLAYS)
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    return build(request.param)


def test_each_object_is_what_its_kind_allows(manifests: list[Manifest]) -> None:
    for manifest in manifests:
        check(manifest)
    assert {manifest["metadata"]["name"] for manifest in of_kind(manifests, "Deployment")} == SERVICES.keys()
    names = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests]
    assert len(names) == len(set(names))
    assert of_kind(manifests, "Secret") == [], "secrets are the site's, and known by name alone"


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize(
    ("file", "right", "typo"),
    [
        ("base/worker.yaml", "readinessProbe:", "readinesProbe:"),
        ("base/worker.yaml", "maxUnavailable: 1", "maxUnavailible: 1"),
        ("base/network.yaml", "policyTypes:", "policyType:"),
        ("base/topics.yaml", "backoffLimit: 20", "backoffLimit: some"),
        ("overlays/{}/kustomization.yaml", "resources:", "resource:"),
    ],
)
def test_a_typo_is_found_in_each_overlay(tmp_path: Path, overlay: str, file: str, right: str, typo: str) -> None:
    assert is_refused(tmp_path, overlay, file.format(overlay), right, typo)


@pytest.mark.parametrize(
    ("overlay", "file", "right", "typo"),
    [
        ("ha", "overlays/ha/budgets.yaml", "unhealthyPodEvictionPolicy", "unhealthyPodEviction"),
        ("ha", "overlays/ha/spread.yaml", "whenUnsatisfiable", "whenUnsatisfyable"),
        ("ha", "components/secured/mounts.yaml", "defaultMode", "mode"),
        ("strimzi", "components/scaled/scaler.yaml", "maxReplicaCount", "maxReplicas"),
        ("strimzi", "components/scaled/settlement.yaml", "lagThreshold", "lagTreshold"),
        ("strimzi", "components/scaled/kafka.yaml", "secretTargetRef", "secretTarget"),
        ("strimzi", "overlays/strimzi/users.yaml", "authentication", "authenticaton"),
    ],
)
def test_a_typo_in_what_an_overlay_adds_is_found(tmp_path: Path, overlay: str, file: str, right: str, typo: str) -> None:
    assert is_refused(tmp_path, overlay, file, right, typo)


def is_refused(folder: Path, overlay: str, file: str, right: str, typo: str) -> bool:
    """Whether an overlay with a typo in one file is refused."""
    shutil.copytree(KUBERNETES, folder / "kubernetes")
    path = folder / "kubernetes" / file
    text = path.read_text("utf-8")
    assert right in text, "the typo must fall somewhere"
    path.write_text(text.replace(right, typo), "utf-8")
    try:
        for manifest in build(overlay, folder / "kubernetes"):
            check(manifest)
    except (ValueError, ValidationError):
        return True
    return False


def test_pods_may_nothing(manifests: list[Manifest]) -> None:
    """As the restricted Pod Security Standard asks, and their root is read-only, besides."""
    assert of_kind(manifests, "Namespace")[0]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for manifest in of_kind(manifests, "Deployment", "Job"):
        pod = pod_of(manifest)
        (container,) = pod["containers"]
        assert container["securityContext"] == RESTRICTED
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False, "a Service named medaid-console would set MEDAID_CONSOLE_PORT"
        assert {"requests", "limits"} <= container["resources"].keys()
        assert re.fullmatch(r"medaid(:[\w.]+)?", container["image"]), "a registry is the site's to name"
        mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        assert mounted["tmp"] == "/tmp"
        assert mounted.keys() == {volume["name"] for volume in pod["volumes"]}


def test_secrets_are_files_that_medaid_takes(manifests: list[Manifest]) -> None:
    """Read by our group and by nobody else; a file that all may read is refused (`services/runtime/secret.py`)."""
    for manifest in of_kind(manifests, "Deployment", "Job"):
        pod = pod_of(manifest)
        secrets = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
        assert [oct(secret["defaultMode"]) for secret in secrets] == ["0o440"] * len(secrets)
        assert pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsGroup"]


def test_the_variables_are_a_whole_setting(manifests: list[Manifest], tmp_path: Path) -> None:
    """Each is known, none is half of something, and each file that one names lies in a Secret that is mounted."""
    (shared,) = of_kind(manifests, "ConfigMap")
    for manifest in of_kind(manifests, "Deployment", "Job"):
        (container,) = pod_of(manifest)["containers"]
        assert container["envFrom"] == [{"configMapRef": {"name": shared["metadata"]["name"]}}]
        given = shared["data"] | {variable["name"]: variable["value"] for variable in container.get("env", ())}
        settings = ConsoleSettings.from_env(in_folder(given, tmp_path))
        assert {name.removesuffix("_FILE") for name in given} <= ConsoleSettings._variables().keys()
        paths = [path for path in given.values() if path.startswith("/")]
        mounts = tuple(f"{mount['mountPath']}/" for mount in container["volumeMounts"])
        assert [path for path in paths if not path.startswith(mounts)] == []
        assert settings.health_host == "0.0.0.0", "the kubelet asks from outside"
        if manifest["kind"] == "Deployment":
            assert {"name": "health", "containerPort": settings.health_port} in container["ports"]


def in_folder(given: Mapping[str, str], folder: Path) -> Mapping[str, str]:
    """The variables with the files that they name, made there."""
    moved = {}
    for name, value in given.items():
        path = folder / value.lstrip("/")
        if value.startswith("/"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            path.write_bytes(Authority(folder, "authority").file.read_bytes() if name.endswith("CAFILE") else b"s" * 40)
            path.chmod(0o440)
        moved[name] = str(path) if value.startswith("/") else value
    return moved


def test_a_process_ends_before_its_successor_starts_and_has_time_to(manifests: list[Manifest]) -> None:
    settings = Settings()
    for manifest in of_kind(manifests, "Deployment"):
        assert manifest["spec"]["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
        assert manifest["spec"]["minReadySeconds"] > settings.session_ms / 1000, "the group has shared its lanes anew by then"
        pod = pod_of(manifest)
        sleep_s = pod["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        graceful_s = sleep_s + settings.release_ms_max / 1000 + LEAVING_S_MAX
        assert pod["terminationGracePeriodSeconds"] > graceful_s + settings.kafka_deadline_ms / 1000


def test_no_probe_waits_for_lanes(manifests: list[Manifest]) -> None:
    """With another format no lane is ready before the last former process has gone: a rollout that waits for /ready never ends (`base/worker.yaml`)."""
    for manifest in of_kind(manifests, "Deployment"):
        (container,) = pod_of(manifest)["containers"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert container[probe]["httpGet"] == {"path": "/live", "port": "health"}
        assert container["livenessProbe"]["failureThreshold"] * container["livenessProbe"]["periodSeconds"] >= 60


def test_services_find_their_pods_and_ports(manifests: list[Manifest]) -> None:
    pods = [manifest["spec"]["template"] for manifest in of_kind(manifests, "Deployment")]
    for service in of_kind(manifests, "Service"):
        found = [pod for pod in pods if service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()]
        assert len(found) == 1, service["metadata"]["name"]
        ports = {port["name"] for port in found[0]["spec"]["containers"][0]["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    for manifest in of_kind(manifests, "Deployment"):
        labels = manifest["spec"]["template"]["metadata"]["labels"]
        assert manifest["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_nobody_in_and_nobody_out_but_for_what_is_named(manifests: list[Manifest]) -> None:
    policies = {policy["metadata"]["name"]: policy["spec"] for policy in of_kind(manifests, "NetworkPolicy")}
    ours = {"matchLabels": {"app.kubernetes.io/part-of": "medaid"}}
    assert policies["deny"] == {"podSelector": ours, "policyTypes": ["Ingress", "Egress"]}
    for manifest in of_kind(manifests, "Deployment", "Job"):
        assert ours["matchLabels"].items() <= manifest["spec"]["template"]["metadata"]["labels"].items()
    out = {port["port"] for policy in policies.values() for rule in policy.get("egress", ()) for port in rule["ports"]}
    assert out == {53, 9092, 6379, 26379}
    assert all(rule["to"] for policy in policies.values() for rule in policy.get("egress", ())), "an empty list is everywhere"
    inside = {port["port"] for policy in policies.values() for rule in policy.get("ingress", ()) for port in rule["ports"]}
    assert inside == {"health", "console"}
    assert all(rule["from"] for policy in policies.values() for rule in policy.get("ingress", ()))


def test_with_several_processes_nodes_can_be_drained_one_by_one() -> None:
    manifests = build("ha")
    budgets = {
        budget["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"]: budget["spec"]
        for budget in of_kind(manifests, "PodDisruptionBudget")
    }
    assert budgets.keys() == SERVICES.keys()
    for manifest in of_kind(manifests, "Deployment"):
        assert manifest["spec"]["replicas"] >= 3
        assert budgets[manifest["metadata"]["name"]]["maxUnavailable"] == 1
        pod = pod_of(manifest)
        assert pod["topologySpreadConstraints"][0]["whenUnsatisfiable"] == "ScheduleAnyway"
        assert "podAntiAffinity" in pod["affinity"]


def test_the_scaler_counts_what_each_service_reads_up_to_its_lanes() -> None:
    manifests = build("strimzi")
    authentications = {found["metadata"]["name"]: found["spec"] for found in of_kind(manifests, "TriggerAuthentication")}
    deployments = {found["metadata"]["name"]: found for found in of_kind(manifests, "Deployment")}
    scalers = of_kind(manifests, "ScaledObject")
    assert {scaler["metadata"]["name"] for scaler in scalers} == SERVICES.keys() - {"console"}
    for scaler in scalers:
        name, spec = scaler["metadata"]["name"], scaler["spec"]
        assert (spec["scaleTargetRef"]["name"], spec["minReplicaCount"], spec["maxReplicaCount"]) == (name, 1, Settings().partitions)
        assert "replicas" not in deployments[name]["spec"], "KEDA's alone"
        (trigger,) = spec["triggers"]
        assert trigger["metadata"]["consumerGroup"] == name
        assert trigger["metadata"]["topic"] in SERVICES[name].inputs
        assert trigger["authenticationRef"]["name"] in authentications
        secrets = {volume["secret"]["secretName"] for volume in pod_of(deployments[name])["volumes"] if "secret" in volume}
        assert {reference["name"] for reference in authentications[name]["secretTargetRef"]} <= secrets


def test_strimzi_knows_every_user() -> None:
    manifests = build("strimzi")
    users = {user["metadata"]["name"]: user for user in of_kind(manifests, "KafkaUser")}
    for manifest in of_kind(manifests, "Deployment", "Job"):
        (container,) = pod_of(manifest)["containers"]
        (name,) = [variable["value"] for variable in container["env"] if variable["name"] == "KAFKA_SASL_USERNAME"]
        assert users[name]["spec"]["authentication"] == {"type": "scram-sha-512"}
        assert users[name]["metadata"]["labels"]["strimzi.io/cluster"] == "medaid"
        assert name in {volume["secret"]["secretName"] for volume in pod_of(manifest)["volumes"] if "secret" in volume}, (
            "Strimzi puts its password there"
        )


def test_strimzi_gives_the_rights_that_are_planned() -> None:
    assert (KUBERNETES / "overlays/strimzi/users.yaml").read_text("utf-8") == as_strimzi(plan(USERS, (), ""), "medaid")


def test_a_sites_own_overlay_is_built_as_the_page_shows_it(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", (KUBERNETES / "README.md").read_text("utf-8"), re.DOTALL)
    (tmp_path / "kustomization.yaml").write_text(shown, "utf-8")
    shutil.copytree(KUBERNETES, tmp_path / "medaid/deploy/kubernetes")
    manifests = build_in(tmp_path)
    for manifest in manifests:
        check(manifest)
    (shared,) = of_kind(manifests, "ConfigMap")
    assert shared["data"]["MEDAID_CONSOLE_URL"] == "https://medaid.of.the.site"
    assert shared["data"]["KAFKA_SECURITY_PROTOCOL"] == "SASL_SSL"
    images = {pod_of(manifest)["containers"][0]["image"] for manifest in of_kind(manifests, "Deployment", "Job")}
    assert images == {"registry.of.the.site/medaid:0.1.0"}


def test_the_kinds_written_by_hand_are_used_and_whole() -> None:
    used = {f"{manifest['apiVersion']}/{manifest['kind']}" for manifest in build("strimzi")}
    assert KINDS.keys() - {"definitions"} <= used
    assert yaml.safe_load((KUBERNETES / "overlays/strimzi/kustomization.yaml").read_text("utf-8"))["namespace"] == "medaid"
