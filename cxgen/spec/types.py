"""The types of single values: what each field of a spec may hold.

Where a grammar is not ours, its source is named.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import partial
from typing import Annotated, Any

from cxgen.errors import CODES
from cxgen.spec import quantity
from cxgen.spec.scalars import DNS1035, DNS1123, Rule, amount, boolean, choice, fail, integer, number, pattern, seconds, show, spelled, text


def _rollout(most_percent: int | None) -> Rule:
    def read(value: Any) -> int | str:
        written = str(spelled(value, "a whole number or a percentage"))
        match = re.fullmatch(r"([0-9]{1,9})(%?)", written)
        if not match or isinstance(value, bool | float):
            fail("E216", f"{show(value)} is neither a whole number nor a percentage; write 1 or 25%")
        count = int(match[1])
        if match[2] and most_percent is not None and count > most_percent:
            fail("E216", f"{written} is more than all replicas; write at most {most_percent}%")
        return f"{count}%" if match[2] else count

    return Rule(read, {"type": ["string", "integer"], "pattern": "^[0-9]{1,9}%?$", "minimum": 0})


_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
# github.com/distribution/reference, regexp.go; the digests are those that github.com/opencontainers/go-digest knows.
_IMAGE = re.compile(
    rf"(?:{_DOMAIN}/)?(?P<repository>{_COMPONENT}(?:/{_COMPONENT})*)(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?"
    r"(?:@(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}))?"
)
_MAX_REPOSITORY = 255


def _image(value: Any) -> str:
    written = str(spelled(value, "an image"))
    match = _IMAGE.fullmatch(written)
    if not match:
        near = "write it in lower case" if _IMAGE.fullmatch(written.lower()) else "write one such as ghcr.io/acme/iris:1.4.0"
        near = "write sha256: and 64 digits 0-9 a-f after @" if "@" in written and _IMAGE.fullmatch(written.partition("@")[0]) else near
        fail("E203", f"{show(written)} is not an image reference; {near}")
    if len(match["repository"]) > _MAX_REPOSITORY:
        fail("E203", f"the repository has {len(match['repository'])} characters; registries allow {_MAX_REPOSITORY}, so shorten it")
    if re.fullmatch(r"[0-9a-f]{64}", written):
        fail("E203", f"{show(written)} is the id of an image, which no registry knows; write name:tag or name@sha256:...")
    return written


_ENDPOINT = re.compile(r"[A-Za-z0-9/._~-]*")


def _endpoint(value: Any) -> str:
    written = str(spelled(value, "an endpoint"))
    if not _ENDPOINT.fullmatch(written):
        fail("E218", f"{show(written)} has characters other than A-Z a-z 0-9 / . _ ~ -; write one such as /models/iris")
    if "//" in written:
        fail("E218", f"{show(written)} has two slashes together; write one")
    path = "/" + written.strip("/")
    if path == "/":
        fail("E218", f"{show(written)} would take every request of the host; write one such as /iris")
    if any(part in (".", "..") for part in path.split("/")):
        fail("E218", f"{show(written)} has . or .. between slashes, which clients resolve; write the path without it")
    if len(path) > 1000:
        fail("E218", f"it has {len(path)} characters; 1000 are allowed, so shorten it")
    return path


def _host(value: Any) -> str:
    written = str(spelled(value, "a host"))
    labels = written.removeprefix("*.")
    if re.fullmatch(r"[0-9]+(\.[0-9]+){3}", written):
        fail("E219", f"{show(written)} is an address, which an Ingress cannot have; write a DNS name, or leave it out for every host")
    if not DNS1123.fullmatch(labels) or len(written) > 253 or any(len(label) > 63 for label in labels.split(".")):
        fail("E219", f"{show(written)} is not a DNS name; write one such as models.example.com, in lower case, without port")
    return written


_HTTP_PATH = re.compile(r"/?[\x21-\x7e]*")


def _http_path(value: Any) -> str:
    written = str(spelled(value, "a path"))
    if not _HTTP_PATH.fullmatch(written):
        fail("E226", f"{show(written)} is not the path of a URL; write one such as /healthz")
    return written if written.startswith("/") else f"/{written}"


_QUALIFIED_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
LABEL_VALUE = f"^{_LABEL_VALUE.pattern}$"
# Keys by which cxgen, Kubernetes, Helm, Argo CD and ingress-nginx steer objects: set by hand they would break what cxgen
# promises (selectors, order of pruning, routing), or be overwritten by their owner.
_RESERVED = re.compile(
    r"(cxgen\.dev|argocd\.argoproj\.io|helm\.sh|meta\.helm\.sh|kubectl\.kubernetes\.io|deployment\.kubernetes\.io"
    r"|autoscaling\.alpha\.kubernetes\.io)/.*"
    r"|app\.kubernetes\.io/(name|instance|managed-by)|kubernetes\.io/ingress\.class"
    r"|nginx\.ingress\.kubernetes\.io/(use-regex|rewrite-target|canary.*)"
    # Refused on a Service that is no load balancer, or beside the annotation that came after it.
    r"|service\.beta\.kubernetes\.io/load-balancer-source-ranges|service\.kubernetes\.io/topology-aware-hints"
)


def _qualified(value: Any, *, any_case: bool = False) -> str:
    """The key of a label, annotation or taint: k8s.io/apimachinery, pkg/util/validation, IsQualifiedName.

    Annotations may have it in any case: pkg/api/validation, ValidateAnnotations.
    """
    written = str(spelled(value, "a key"))
    prefix, slash, name = (written.lower() if any_case else written).rpartition("/")
    if not _QUALIFIED_NAME.fullmatch(name) or (slash and (not DNS1123.fullmatch(prefix) or len(prefix) > 253)):
        fail("E220", f"{show(written)} is not a key that Kubernetes takes; write one such as team or example.com/team")
    return written


def _key(value: Any, *, any_case: bool = False) -> str:
    """The same on our own objects, where some keys are taken."""
    written = _qualified(value, any_case=any_case)
    if _RESERVED.fullmatch(written):
        fail("E222", f"{written} is set by the tools that own it; remove it")
    return written


# What Kubernetes reads from a pod's annotations: refused, dropped or warned of by the API server, or a way around Pod Security.
_OF_PODS = re.compile(
    r"(container\.)?(seccomp|apparmor)\.security\.(alpha|beta)\.kubernetes\.io/.*|(pod|scheduler|security)\.(alpha|beta)\.kubernetes\.io/.*"
    r"|kubernetes\.io/config\..*|controller\.kubernetes\.io/pod-deletion-cost"
)


def _pod_key(value: Any) -> str:
    written = _key(value, any_case=True)
    if _OF_PODS.fullmatch(written.lower()):
        fail("E222", f"{written} steers the pod, which its own fields do; remove it")
    return written


def _label(value: Any) -> str:
    written = str(spelled(value, "a label"))
    if not _LABEL_VALUE.fullmatch(written):
        fail(
            "E221",
            f"{show(written)} is not a label value; write at most 63 letters, digits, - _ or ., with a letter or digit "
            "at both ends, or make it an annotation",
        )
    return written


def _api_name() -> Rule:
    """A name of objects; two are taken by objects of Kubernetes' own, a Service and the ServiceAccount of every namespace."""
    rule = pattern("E201", DNS1035, 42, "a name of lower-case letters, digits and -, a letter first", "iris")

    def read(value: Any) -> str:
        name = str(rule.read(value))
        if name in ("kubernetes", "default"):
            fail("E201", f"{name} is the name of an object that Kubernetes itself makes; choose another")
        return name

    return Rule(read, {**rule.schema, "not": {"enum": ["kubernetes", "default"]}})


_MAX_ENV_NAME = 1000
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def _env_name(value: Any) -> str:
    name = str(value)
    if not _ENV_NAME.fullmatch(name):
        fail("E204", f"{show(name)} is not the name of an environment variable; write letters, digits and _, no digit first")
    if len(name) > _MAX_ENV_NAME:
        fail("E204", f"{show(name)} has {len(name)} characters; YAML's keys allow {_MAX_ENV_NAME}, so shorten it")
    if name.startswith("CXGEN_"):
        fail("E205", f"{name} begins with CXGEN_, which cxgen's own variables do; choose another name")
    return name


_FIELD = re.compile(
    r"metadata\.(name|namespace|uid)|metadata\.(labels|annotations)\['(?P<key>[^']{1,317})'\]"
    r"|spec\.(nodeName|serviceAccountName)|status\.(hostIP|hostIPs|podIP|podIPs)"
)


def _field(value: Any) -> str:
    """What the downward API gives as a variable: k8s.io/kubernetes, pkg/apis/core/validation, validEnvDownwardAPIFieldPathExpressions."""
    written = str(spelled(value, "a field"))
    match = _FIELD.fullmatch(written)
    if not match:
        fail("E230", f"{show(written)} is no field of a pod that a variable can show; write one such as metadata.name or status.podIP")
    if match["key"]:
        _qualified(match["key"], any_case="annotations" in written)
    return written


_DATA_KEY = re.compile(r"(?!\.\.)[-._A-Za-z0-9]{1,253}")


def _data_key(value: Any) -> str:
    """k8s.io/apimachinery, pkg/util/validation, IsConfigMapKey."""
    written = str(spelled(value, "a key"))
    if not _DATA_KEY.fullmatch(written) or written == ".":
        fail("E229", f"{show(written)} is not the key of a Secret or ConfigMap; write letters, digits, - _ or .")
    return written


_MOUNT_PATH = re.compile(r"/[A-Za-z0-9._/-]*")
_SUB_PATH = re.compile(r"[A-Za-z0-9._-][A-Za-z0-9._/-]*")


def _path(value: Any, regex: re.Pattern[str], what: str, example: str) -> str:
    """A path that nobody has to quote, without its last slash."""
    written = str(spelled(value, "a path"))
    path = re.sub(r"/+", "/", written).rstrip("/") or "/"
    if not regex.fullmatch(written) or ".." in path.split("/") or path in ("/", ".") or len(path) > 512:
        fail("E228", f"{show(written)} is not {what} of letters, digits, / . _ and -; write one such as {example}")
    return path


# Resources that are no devices, or that Kubernetes keeps for itself.
_NO_DEVICE = re.compile(r"(.*\.)?kubernetes\.io/.*|requests\..*|hugepages-.*")
_DEVICE = re.compile(rf"{DNS1123.pattern}/[A-Za-z0-9]([-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?")


def _device(value: Any) -> str:
    """An extended resource: k8s.io/kubernetes, pkg/apis/core/v1/helper, IsExtendedResourceName."""
    written = str(spelled(value, "a resource"))
    # Quotas name it with `requests.` before it, and that must be a key too.
    if not _DEVICE.fullmatch(written) or _NO_DEVICE.fullmatch(written) or len(written.partition("/")[0]) > 253 - len("requests."):
        fail("E231", f"{show(written)} is not a resource that a device plugin offers; write one such as nvidia.com/gpu")
    return written


_HUGE_PAGE = quantity.parse("2Mi")


def _huge_pages() -> Rule:
    rule = amount("2Mi", "", "256Mi")

    def read(value: Any) -> str:
        size = str(rule.read(value))
        if quantity.parse(size) % _HUGE_PAGE:
            fail("E207", f"{show(value)} is no number of whole pages of 2Mi; write 256Mi")
        return size

    return Rule(read, rule.schema)


# The metric's name is part of a URL, and a key in values.yaml: those of Prometheus' adapter and of the clouds look so.
_METRIC = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.:|-]{0,251}[A-Za-z0-9_])?")


def _metric(value: Any) -> str:
    written = str(spelled(value, "a metric"))
    if not _METRIC.fullmatch(written):
        fail("E233", f"{show(written)} is not the name of a metric; write letters, digits and _ . : | -")
    return written


def _metric_source(value: Any) -> str:
    """The name of a metric that may differ from API to API."""
    written = str(spelled(value, "a metric"))
    if unknown := re.search(r"\$\((?!(name|namespace|environment)\))[^)]*\)", written):
        fail("E233", f"{unknown[0]} stands for nothing; write $(name), $(namespace) or $(environment)")
    _metric(re.sub(r"\$\(\w+\)", "x" * 63, written))  # as long as what may stand there
    return written


_target = number(at_least="0.001", below="1000000000")  # autoscalers count in thousandths


def _metric_target(value: Any) -> Decimal:
    if isinstance(value, str) and re.fullmatch(r"[0-9.]+ ?%", value):
        fail("E103", f"{show(value)} is not a number; write {value.rstrip(' %')}, which for cpu and memory is percent")
    target: Decimal = _target.read(value)
    return target


def _silenced(value: Any) -> str:
    code = str(value)
    if code not in CODES:
        fail("E111", f"{show(code)} is not the number of a warning; write it as the warning ends, such as W101")
    if not code.startswith("W"):
        fail("E111", f"{code} is an error, and only warnings can be silenced; mend what it names")
    return code


def _reason(value: Any) -> str:
    written = str(spelled(value, "a reason")).strip()
    if not re.search(r"\w{2}", written):
        fail("E111", f"{show(value)} is no reason; write for those who come after you why the warning does not matter here")
    return written


def _kubernetes_version(value: Any) -> str:
    """A version of Kubernetes as its minor release, such as 1.34."""
    written = str(spelled(value, "a version"))
    match = re.fullmatch(r"v?(1\.[0-9]{1,3})([.+-].*)?", written)
    if not match:
        fail("E406", f'{show(written)} is not a version of Kubernetes; write one such as "1.34"')
    return match[1]


# https://man7.org/linux/man-pages/man7/capabilities.7.html
CAPABILITIES = (
    *("AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "BPF", "CHECKPOINT_RESTORE", "CHOWN", "DAC_OVERRIDE"),
    *("DAC_READ_SEARCH", "FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE", "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE"),
    *("MKNOD", "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_RAW", "PERFMON", "SETFCAP", "SETGID", "SETPCAP", "SETUID"),
    *("SYSLOG", "SYS_ADMIN", "SYS_BOOT", "SYS_CHROOT", "SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO"),
    *("SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "WAKE_ALARM"),
)


def _gpu_type(value: Any) -> str:
    written = _label(value)
    if not written:
        fail("E221", '"" is no type of GPU; write the value of the label that such nodes have, or leave it out')
    return written


environment_name = pattern(
    "E403", re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"), 63, "a name of lower-case letters, digits and -", "ml-prod"
)


def _anchored(regex: re.Pattern[str]) -> str:
    """A pattern as JSON Schema's readers want it, which know nothing of Python's named groups."""
    return f"^(?:{regex.pattern})$".replace("(?P<repository>", "(?:").replace("(?P<key>", "(?:")


# Letters of any case before the slash: annotations may have them, and a schema knows no lower case.
_KEY_PATTERN = rf"^(?!(?:{_RESERVED.pattern})$)([A-Za-z0-9.-]+/)?{_QUALIFIED_NAME.pattern}$"

Name = Annotated[str, _api_name()]
ContainerName = Annotated[str, pattern("E201", DNS1035, 63, "a name of lower-case letters, digits and -, a letter first", "api")]
Image = Annotated[str, Rule(_image, {"type": "string", "pattern": _anchored(_IMAGE)})]
Text = Annotated[str, text("a string")]
EnvName = Annotated[str, Rule(_env_name, {"type": "string", "pattern": f"^{_ENV_NAME.pattern}$", "maxLength": _MAX_ENV_NAME})]
EnvText = Annotated[str, text("a value")]
EnvField = Annotated[str, Rule(_field, {"type": "string", "pattern": _anchored(_FIELD)})]
LabelKey = Annotated[str, Rule(_key, {"type": "string", "pattern": _KEY_PATTERN})]
AnnotationKey = Annotated[str, Rule(partial(_key, any_case=True), {"type": "string", "pattern": _KEY_PATTERN})]
PodAnnotationKey = Annotated[str, Rule(_pod_key, {"type": "string", "pattern": rf"^(?!(?:{_OF_PODS.pattern})$){_KEY_PATTERN[1:]}"})]
LabelValue = Annotated[str, Rule(_label, {"type": ["string", "number", "boolean"], "pattern": LABEL_VALUE})]
Cpu = Annotated[str, amount("20m", "m", "200m or 1")]
Memory = Annotated[str, amount("20Mi", "", "512Mi or 2Gi")]
Port = Annotated[int, integer(1, 65535)]
Concurrency = Annotated[int, integer(1, 30000)]
Count = Annotated[int, integer(0)]
Replicas = Annotated[int, integer(1)]
HttpPath = Annotated[str, Rule(_http_path, {"type": "string", "pattern": _anchored(_HTTP_PATH)})]
Endpoint = Annotated[
    str, Rule(_endpoint, {"type": "string", "pattern": r"^(?!.*(//|/\.\.?(/|$)))/?[A-Za-z0-9._~-][A-Za-z0-9/._~-]*$", "maxLength": 1000})
]
Host = Annotated[str, Rule(_host, {"type": "string", "pattern": rf"^(?![0-9.]+$)(\*\.)?{DNS1123.pattern}$", "maxLength": 253})]
Window = Annotated[int, seconds("10s", "30m", step=10)]
Stabilization = Annotated[int, seconds("0s", "1h")]
DownscaleFactor = Annotated[Decimal, number(at_least="0", below="1")]
UpscaleFactor = Annotated[Decimal, number(above="1")]
DownscaleTolerance = Annotated[Decimal, number(at_least="0", below="1")]
UpscaleTolerance = Annotated[Decimal, number(at_least="0")]
InFlight = Annotated[Decimal, number(at_least="0.001")]
MaxSurge = Annotated[int | str, _rollout(None)]
MaxUnavailable = Annotated[int | str, _rollout(100)]
TimeoutSeconds = Annotated[int, integer(0, zero=1)]
PeriodSeconds = Annotated[int, integer(0, zero=10)]
SuccessThreshold = Annotated[int, integer(0, zero=1)]
FailureThreshold = Annotated[int, integer(0, zero=3)]
Flag = Annotated[bool, boolean()]
ObjectName = Annotated[str, pattern("E201", DNS1123, 253, "the name of an object of Kubernetes", "iris-data")]
VolumeName = Annotated[str, pattern("E201", DNS1035, 40, "a name of lower-case letters, digits and -, a letter first", "shared")]
EnvironmentName = Annotated[str, environment_name]
DataKey = Annotated[str, Rule(_data_key, {"type": "string", "pattern": _anchored(_DATA_KEY)})]
MountPath = Annotated[
    str, Rule(lambda value: _path(value, _MOUNT_PATH, "an absolute path", "/models"), {"type": "string", "pattern": "^/[A-Za-z0-9._/-]+$"})
]
SubPath = Annotated[
    str, Rule(lambda value: _path(value, _SUB_PATH, "a relative path", "v1/model"), {"type": "string", "pattern": f"^{_SUB_PATH.pattern}$"})
]
Device = Annotated[str, Rule(_device, {"type": "string", "pattern": f"^{_DEVICE.pattern}$"})]
NodeLabelKey = Annotated[str, Rule(_qualified, {"type": "string", "pattern": rf"^([A-Za-z0-9.-]+/)?{_QUALIFIED_NAME.pattern}$"})]
GpuType = Annotated[str, Rule(_gpu_type, {"type": "string", "pattern": LABEL_VALUE, "minLength": 1})]
HugePages = Annotated[str, _huge_pages()]
Size = Annotated[str, amount("1Mi", "", "64Mi or 1Gi")]
Medium = Annotated[str, choice("Memory")]
Capability = Annotated[str, choice(*CAPABILITIES)]
UserId = Annotated[int, integer(0)]
GracePeriod = Annotated[int, seconds("0s", "24h")]
MetricType = Annotated[str, choice("cpu", "memory", "in_flight", "pods", "external")]
MetricName = Annotated[str, Rule(_metric, {"type": "string", "pattern": f"^{_METRIC.pattern}$"})]
MetricSource = Annotated[str, Rule(_metric_source, {"type": "string", "minLength": 1})]
MetricTarget = Annotated[Decimal, Rule(_metric_target, _target.schema)]
TaintOperator = Annotated[str, choice("Equal", "Exists")]
TaintEffect = Annotated[str, choice("NoSchedule", "PreferNoSchedule", "NoExecute")]
SilencedWarning = Annotated[str, Rule(_silenced, {"type": "string", "enum": [code for code in CODES if code.startswith("W")]})]
Reason = Annotated[str, Rule(_reason, {"type": "string", "minLength": 2})]
KubernetesVersion = Annotated[str, Rule(_kubernetes_version, {"type": ["string", "number"], "pattern": r"^v?1\.[0-9]{1,3}([.+-].*)?$"})]
