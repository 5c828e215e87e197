"""A real kube-apiserver with its etcd, on loopback, with the definitions of KEDA's and the Prometheus operator's kinds.

`.ci/tools` builds the binaries; without them the tests are skipped, or fail where CXGEN_REQUIRE_TOOLS=1.
"""

from __future__ import annotations

import base64
import http.client
import json
import secrets
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.conftest import find_tool

START = 60  # seconds in which the API server must be ready
# Alpha in the version that is built here, and on by default from 1.35 on: without it the HPA's tolerance is dropped.
FEATURES = "HPAConfigurableTolerance=true"
# They look for objects that a pod names; whether those exist is not what is tested.
NO_ADMISSION = "ServiceAccount,Priority,RuntimeClass"


class Answer(NamedTuple):
    """What the API server said."""

    status: int
    body: Any
    warnings: list[str]


class Cluster:
    """An API server that answers, and what a test asks of it."""

    def __init__(self, port: int, token: str) -> None:
        # Its certificate is made at start and signs itself, and nobody else listens on loopback.
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=30)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        self._connection.request(method, path, json.dumps(body) if body is not None else None, self._headers)
        response = self._connection.getresponse()
        data = response.read()
        warnings = [value for name, value in response.getheaders() if name.lower() == "warning"]
        try:
            return Answer(response.status, json.loads(data), warnings)
        except ValueError:
            return Answer(response.status, data.decode(errors="replace"), warnings)

    def create(self, path: str, body: object) -> Any:
        answer = self.ask("POST", path, body)
        assert answer.status == 201, answer
        return answer.body

    def dry_run(self, made: dict[str, Any], namespace: str) -> Answer:
        """Sends an object as `kubectl apply --dry-run=server` does, refusing fields that are unknown or there twice."""
        group = made["apiVersion"]
        base = f"/apis/{group}" if "/" in group else f"/api/{group}"
        path = f"{base}/namespaces/{namespace}/{PLURALS[made['kind']]}?dryRun=All&fieldValidation=Strict"
        return self.ask("POST", path, made)


PLURALS = {
    "Deployment": "deployments",
    "HorizontalPodAutoscaler": "horizontalpodautoscalers",
    "Ingress": "ingresses",
    "Pod": "pods",
    "PodDisruptionBudget": "poddisruptionbudgets",
    "PodMonitor": "podmonitors",
    "ScaledObject": "scaledobjects",
    "Service": "services",
    "ServiceAccount": "serviceaccounts",
}


def _private_key() -> str:
    """A key on the curve P-256, as RFC 5915 writes it; the API server signs tokens of ServiceAccounts with it, and makes none here."""
    scalar = b"\x01" + secrets.token_bytes(31)
    curve = bytes.fromhex("a00a06082a8648ce3d030107")
    body = base64.encodebytes(bytes.fromhex("3031020101" + "0420") + scalar + curve).decode()
    kind = "EC PRIVATE KEY"
    return f"-----BEGIN {kind}-----\n{body}-----END {kind}-----\n"


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for found in sockets:
        found.bind(("127.0.0.1", 0))
    ports: list[int] = [found.getsockname()[1] for found in sockets]
    for found in sockets:
        found.close()
    return ports


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The API server, with a namespace `ml` and one for each level of Pod Security."""
    etcd, server = find_tool("etcd"), find_tool("kube-apiserver")
    folder = tmp_path_factory.mktemp("cluster")
    store, peers, port = _free_ports(3)
    token = secrets.token_hex(16)
    (folder / "tokens").write_text(f'{token},tester,1,"system:masters"\n')
    (folder / "key.pem").write_text(_private_key())
    client, peer = f"http://127.0.0.1:{store}", f"http://127.0.0.1:{peers}"
    commands = [
        [
            *(etcd, "--unsafe-no-fsync", "--log-level=error", f"--data-dir={folder / 'etcd'}", f"--listen-client-urls={client}"),
            *(f"--advertise-client-urls={client}", f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"),
            f"--initial-cluster=default={peer}",
        ],
        [
            *(server, f"--etcd-servers={client}", "--bind-address=127.0.0.1", f"--secure-port={port}", f"--cert-dir={folder / 'cert'}"),
            *("--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={folder / 'key.pem'}"),
            *(f"--service-account-signing-key-file={folder / 'key.pem'}", f"--token-auth-file={folder / 'tokens'}"),
            *("--authorization-mode=RBAC", "--service-cluster-ip-range=10.96.0.0/12", f"--feature-gates={FEATURES}"),
            f"--disable-admission-plugins={NO_ADMISSION}",
        ],
    ]
    started: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
                started.append(subprocess.Popen(command, stdout=log, stderr=log))
        made = Cluster(port, token)
        _wait(made, started, folder)
        _prepare(made, Path(server).parent)
        yield made
    finally:
        for process in reversed(started):  # the API server first: to end, it still asks etcd
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(cluster: Cluster, started: list[subprocess.Popen[bytes]], folder: Path) -> None:
    end = time.monotonic() + START
    while time.monotonic() < end:
        if any(process.poll() is not None for process in started):
            break
        try:
            if cluster.ask("GET", "/readyz").status == 200:
                return
        except (OSError, http.client.HTTPException):
            cluster._connection.close()
        time.sleep(0.2)
    logs = "\n".join(path.read_text(errors="replace")[-2000:] for path in sorted(folder.glob("*.log")))
    pytest.fail(f"the API server is not ready after {START} s:\n{logs}")


def _prepare(cluster: Cluster, tools: Path) -> None:
    for level in ("ml", "baseline", "restricted"):
        labels = (
            {} if level == "ml" else {"pod-security.kubernetes.io/enforce": level, "pod-security.kubernetes.io/enforce-version": "latest"}
        )
        cluster.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": level, "labels": labels}})
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    for file in ("scaledobjects.yaml", "podmonitors.yaml"):
        made = cluster.create(definitions, yaml.load((tools / file).read_text(), yaml.CSafeLoader))
        version, plural = made["spec"]["versions"][0]["name"], made["spec"]["names"]["plural"]
        path = f"/apis/{made['spec']['group']}/{version}/namespaces/ml/{plural}"
        end = time.monotonic() + START
        while cluster.ask("GET", path).status != 200:
            assert time.monotonic() < end, f"{plural} are not served"
            time.sleep(0.1)
