"""How long a render takes beside helm: whole processes, in turn, so that a machine whose speed drifts favours neither.

`make benchmark` prints what docs/benchmarks.md holds. helm must be on the PATH (.ci/tools builds it).
"""

from __future__ import annotations

import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

PAIRS = 15
APIS = 1000
ONE = "name: iris\nkind: RealtimeAPI\nimage: ghcr.io/acme/iris:1.4.0\n"
MANY = """name: api-{i:04}
kind: RealtimeAPI
image: ghcr.io/acme/api:1.4.{i}
env: {{LOG_LEVEL: info, WORKERS: 4, MODEL: m-{i}}}
compute: {{cpu: 500m, mem: 1Gi}}
autoscaling: {{min_replicas: 2, max_replicas: {most}}}
"""
THREE = """defaults: {compute: {cpu: 250m}, labels: {team: ml}}
environments:
  dev: {cluster: a, defaults: {autoscaling: {min_replicas: 1}}}
  staging: {cluster: b}
  production: {cluster: c, kubernetes_version: "1.35"}
"""


def seconds(command: Sequence[str | Path], cwd: Path) -> float:
    # As an installed package runs: its bytecode is compiled once and kept.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run(list(map(str, command)), cwd=cwd, env=environment, check=True, capture_output=True)
    return time.perf_counter() - start


def project(folder: Path) -> Path:
    (folder / "apis").mkdir(parents=True)
    (folder / "cxgen.yaml").write_text("environments: {production: {}}\n")
    return folder


def one_api(folder: Path, cxgen: Path) -> None:
    (project(folder) / "apis/iris.yaml").write_text(ONE)
    render, helm = [cxgen, "render"], ["helm", "template", "iris", folder / "deploy/production/iris"]
    seconds(render, folder), seconds(helm, folder)  # warm: bytecode, file cache
    pairs = []
    for _ in range(PAIRS):
        shutil.rmtree(folder / "deploy")
        first = seconds(render, folder)  # writes every file
        pairs.append((first, seconds(helm, folder), seconds(render, folder)))  # and once more, when nothing changes
    written, helm_s, unchanged = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = [statistics.median(pair[i] / pair[1] for pair in pairs) for i in (0, 2)]
    print(f"| one API, all files written | {written * 1000:.0f} ms | {helm_s * 1000:.0f} ms | {ratios[0]:.1f} |")
    print(f"| one API, nothing to change | {unchanged * 1000:.0f} ms | {helm_s * 1000:.0f} ms | {ratios[1]:.1f} |")


def many_apis(folder: Path, cxgen: Path) -> None:
    project(folder)
    for i in range(APIS):
        (folder / f"apis/{i:04}.yaml").write_text(MANY.format(i=i, most=3 + i))
    print(f"\n| {APIS:,} APIs in one render | whole | each API and environment |\n|---|---|---|")
    rows(folder, cxgen, 1)
    (folder / "cxgen.yaml").write_text(THREE)
    for path in (folder / "apis").iterdir():
        path.write_text(path.read_text() + "environments: {dev: {env: {LOG_LEVEL: debug}}, production: {compute: {mem: 2Gi}}}\n")
    rows(folder, cxgen, 3)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"\nPeak memory of the largest process: {memory:.0f} MiB.")


def rows(folder: Path, cxgen: Path, environments: int) -> None:
    runs = []
    for _ in range(3):
        shutil.rmtree(folder / "deploy", ignore_errors=True)
        runs.append((seconds([cxgen, "render"], folder), seconds([cxgen, "render"], folder)))
    where = "one environment" if environments == 1 else f"{environments} environments, with layers"
    for what, column in zip(("all files written", "nothing to change"), zip(*runs, strict=True), strict=True):
        whole = statistics.median(column)
        print(f"| {where}, {what} | {whole:.2f} s | {whole / APIS / environments * 1000:.2f} ms |")


def main() -> None:
    if shutil.which("helm") is None:
        sys.exit("helm is not on the PATH; .ci/tools builds it and prints where it lies")
    cxgen = Path(sys.executable).parent / "cxgen"
    helm = subprocess.run(["helm", "version", "--short"], capture_output=True, text=True, check=True).stdout.strip()
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("typer", "pydantic", "jinja2", "pyyaml"))
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}, helm {helm}.")
    print(f"Medians of {PAIRS} runs in turn; the ratio is the median of the ratios pair by pair.\n")
    print("| | cxgen render | helm template | ratio |\n|---|---|---|---|")
    # In memory where the machine has such a place: a disk's speed is not what is compared.
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        one_api(Path(folder, "one"), cxgen)
        many_apis(Path(folder, "many"), cxgen)


if __name__ == "__main__":
    main()
