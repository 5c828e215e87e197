"""Every spec file of Cortex 0.42's own test suite. They are read where they lie; without them these tests are skipped."""

from __future__ import annotations

import re

import pytest

from tests.conftest import CORTEX, Project, cortex_specs

pytestmark = pytest.mark.skipif(not cortex_specs(), reason=f"no Cortex specs in {CORTEX.name}")

REALTIME = [path for path in cortex_specs() if "realtime" in path.parts]
SHARED = [path for path in cortex_specs() if "trafficsplitter" in path.parts]
OTHERS = [path for path in cortex_specs() if path not in (*REALTIME, *SHARED)]


def name(path: object) -> str:
    return "-".join(str(path).split("/")[-2:])


def codes(text: str) -> set[str]:
    return set(re.findall(r"\[([EW]\d{3})\]", text))


def test_counts() -> None:
    assert (len(REALTIME), len(SHARED), len(OTHERS)) == (12, 1, 7)


@pytest.mark.parametrize("path", REALTIME, ids=name)
def test_realtime_apis_render(project: Project, path: object) -> None:
    outcome = project.render(str(path), "--out", "out")
    assert not [code for code in codes(outcome.err) if code.startswith("E")]
    assert list((project.root / "out").rglob("deployment.yaml"))


@pytest.mark.parametrize("path", SHARED, ids=name)
def test_three_share_a_file_with_a_splitter(project: Project, path: object) -> None:
    outcome = project.run("validate", str(path))
    assert outcome.code == 2
    errors = [line for line in outcome.lines if "[E" in line]
    assert len(errors) == 1
    assert errors[0].endswith("kind: TrafficSplitter is not supported by this version of cxgen; remove it [E105]")
    assert outcome.lines[-2].endswith("in 4 specs (1 file).")


@pytest.mark.parametrize("path", OTHERS, ids=name)
def test_other_kinds_get_one_error(project: Project, path: object) -> None:
    outcome = project.run("validate", str(path))
    assert outcome.code == 2
    assert codes(outcome.err) == {"E105"}
    assert outcome.err.count("[E105]") == 1


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("sleep/cortex_cpu", "W103"),
        ("multi-container/cortex_cpu", "W103"),
        ("hello-world/cortex_cpu.yaml", "W102"),
        ("resnet50/cortex_inf_rtd", "W107"),
        ("resnet50/cortex_inf.", "W108"),
        ("cortex_scale_to_zero", "W105"),
        ("resnet50/cortex_gpu", "W110"),
    ],
)
def test_other_meanings_are_said(project: Project, part: str, code: str) -> None:
    (path,) = (path for path in REALTIME if part in str(path))
    assert code in codes(project.run("validate", path).err)


@pytest.mark.parametrize("path", REALTIME, ids=name)
def test_scaling_is_never_silently_another(project: Project, path: object) -> None:
    """Cortex scaled all of them by requests in flight."""
    assert codes(project.run("validate", str(path)).err) & {"W103", "W105"}
