"""The types of single values: each reads what was written, says what is wrong with it, and gives its normal form.

A value from a file is text that knows whether it was quoted (yamlio.Plain); one from Python has Python's type. Both are
read here, so that the rules and the words are the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, NoReturn

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from cxgen.spec import duration, quantity
from cxgen.yamlio import FORBIDDEN, Plain, cut

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?([0-9]{1,18}(\.[0-9]{0,18})?|\.[0-9]{1,18})([eE][-+]?[0-9]{1,2})?")
DNS1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
DNS1123 = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
MAX_INT32 = 2**31 - 1


def fail(code: str, message: str) -> NoReturn:
    """Rejects a value; the message is `what is wrong; what to write instead`."""
    raise PydanticCustomError(code, "{message}", {"message": message})


def show(value: object) -> str:
    """A value as a message quotes it: as it was spelled, cut where it is long."""
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None or isinstance(value, bool):
        text = {None: "null", True: "true", False: "false"}[value]
    elif isinstance(value, Decimal):
        text = f"{value:f}"
    elif isinstance(value, Plain) or not isinstance(value, str):
        text = str(value)
    else:
        text = f'"{value}"'
    return cut(text)


def spelled(value: object, what: str) -> str:
    """A string as it is, a number or boolean as it is spelled; anything else is the wrong type."""
    if value is None:
        fail("E108", f'null is not {what}; write "" for an empty one, or leave it out')
    if isinstance(value, dict | list | tuple) or not isinstance(value, str | int | float | Decimal):
        fail("E103", f"{show(value)} is not {what}; write a single value")
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if match := FORBIDDEN.search(text):
        fail("E008", f"the character U+{ord(match[0]):04X} cannot be kept by Kubernetes' tools; remove it")
    return text


@dataclass(frozen=True)
class Rule:
    """A pydantic type: a function that reads the value, and a JSON Schema that tells an editor as much of it as a schema can."""

    read: Callable[[Any], Any]
    schema: dict[str, Any] = field(hash=False)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(self.schema)


def text(what: str) -> Rule:
    """A string; a number or boolean is taken as it is spelled, so that `1.10` and `yes` stay what was written."""
    return Rule(lambda value: str(spelled(value, what)), {"type": ["string", "number", "boolean"]})


def pattern(code: str, regex: re.Pattern[str], longest: int, what: str, example: str) -> Rule:
    """A string that matches a pattern."""

    def read(value: Any) -> str:
        name = str(spelled(value, what))
        if not regex.fullmatch(name):
            fail(code, f"{show(name)} is not {what}; write {_suggest(name, regex, longest) or example}")
        if len(name) > longest:
            fail(code, f"{show(name)} has {len(name)} characters; {longest} are allowed, so shorten it")
        return name

    return Rule(read, {"type": "string", "pattern": f"^{regex.pattern}$", "maxLength": longest})


def _suggest(name: str, regex: re.Pattern[str], longest: int) -> str:
    """The nearest name that would do, or nothing."""
    near = re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-")
    near = near if regex.fullmatch(near) else near.replace(".", "-")
    return f'"{near}"' if regex.fullmatch(near) and len(near) <= longest else ""


def integer(low: int, high: int = MAX_INT32, *, zero: int | None = None) -> Rule:
    """A whole number between two bounds; where `zero` is given, 0 stands for it (as in Kubernetes' probes)."""

    def read(value: Any) -> int:
        if isinstance(value, str) and not isinstance(value, Plain):
            bare = f"; write {value} without quotes" if _INTEGER.fullmatch(value) else "; write a whole number"
            fail("E103", f"{show(value)} is a string, not a whole number{bare}")
        if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, Plain) and _INTEGER.fullmatch(value))):
            fail("E103", f"{show(value)} is not a whole number; write one{_range(low, high)}")
        number = int(value[:20] if isinstance(value, Plain) else value)  # more digits are out of range anyway
        if not low <= number <= high:
            fail("E206", f"{show(value)} is out of range; write a whole number{_range(low, high, number)}")
        return zero if number == 0 and zero is not None else number

    return Rule(read, {"type": "integer", "minimum": low, "maximum": high})


def _range(low: int, high: int, number: int = 0) -> str:
    """The bounds in words; the largest of all is named only where it was passed."""
    return f" from {low}" + (" up" if number <= high == MAX_INT32 else f" to {high}")


def number(*, at_least: str | None = None, above: str | None = None, below: str | None = None) -> Rule:
    """A number within bounds, kept exactly as it was written."""
    words = [f"{word} {bound}" for word, bound in (("at least", at_least), ("above", above), ("below", below)) if bound]

    def read(value: Any) -> Decimal:
        if isinstance(value, str) and not isinstance(value, Plain):
            bare = f"write {value} without quotes" if _NUMBER.fullmatch(value) else "write a number"
            fail("E103", f"{show(value)} is a string, not a number; {bare}")
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal | Plain):
            fail("E103", f"{show(value)} is not a number; write one {' and '.join(words)}")
        if not _NUMBER.fullmatch(str(value)):
            fail("E103", f"{show(value)} is not a number; write one {' and '.join(words)}")
        amount = Decimal(str(value))
        wrong = (
            (at_least is not None and amount < Decimal(at_least))
            or (above is not None and amount <= Decimal(above))
            or (below is not None and amount >= Decimal(below))
        )
        if wrong:
            fail("E206", f"{show(value)} is out of range; write a number {' and '.join(words)}")
        return amount.normalize()

    schema: dict[str, Any] = {"type": "number"}
    schema |= {"minimum": float(at_least)} if at_least is not None else {}
    schema |= {"exclusiveMinimum": float(above)} if above is not None else {}
    schema |= {"exclusiveMaximum": float(below)} if below is not None else {}
    return Rule(read, schema)


def amount(smallest: str, unit: str, example: str) -> Rule:
    """A quantity of at least `smallest`; `unit` is the finest step that Kubernetes keeps ("m" or "")."""

    def read(value: Any) -> str:
        written = str(spelled(value, "a quantity"))
        try:
            size = quantity.parse(written)
        except ValueError:
            bare = re.sub(r"(?i)v?(cpu|core)s?$", "", written.replace(" ", ""))
            near = bare[:-1] + "k" if re.fullmatch(r"[0-9.]+K", bare) else re.sub(r"(?i)(?<=[KMGT])i?b$", "i", bare)
            try:
                quantity.parse(near)
            except ValueError:
                near = example
            fail("E207", f"{show(value)} is not a quantity; write {near}")
        if size < quantity.parse(smallest):
            meant = re.fullmatch(r"([0-9]{1,9})m?", written)
            mebi = f"{meant[1]}Mi" if meant and not unit else ""
            near = mebi if mebi and quantity.parse(mebi) >= quantity.parse(smallest) else f"at least {smallest}"
            fail("E208", f"{written} is too small; write {near}")
        return quantity.canonical(written, smallest=unit)

    return Rule(read, {"type": ["string", "number"], "pattern": quantity.PATTERN})


def seconds(low: str, high: str, *, step: int = 1) -> Rule:
    """A duration in whole seconds between two bounds, given and returned as Go writes it and in seconds."""
    least, most = duration.parse(low), duration.parse(high)
    every = f" in steps of {step}s" if step > 1 else " in whole seconds"

    def read(value: Any) -> int:
        written = str(spelled(value, "a duration"))
        try:
            length = duration.parse(written)
        except ValueError:
            near = re.sub(r"(?i)\s*(ms|s|m|h)?[a-z]*$", lambda match: (match[1] or "s").lower(), written, count=1)
            try:
                duration.parse(near)
            except ValueError:
                near = low if least else "30s or 5m"
            fail("E210", f"{show(value)} is not a duration; write {near}")
        if not least <= length <= most or length % step:
            fail("E211", f"{written} is out of range; write a duration from {low} to {high}{every}")
        return int(length)

    return Rule(read, {"type": "string", "pattern": r"^([0-9]*\.?[0-9]+(ns|us|µs|ms|s|m|h))+$"})


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


def _key(value: Any, *, any_case: bool) -> str:
    """The key of a label or annotation: k8s.io/apimachinery, pkg/util/validation, IsQualifiedName.

    Annotations may have it in any case: pkg/api/validation, ValidateAnnotations.
    """
    written = str(spelled(value, "a key"))
    prefix, slash, name = (written.lower() if any_case else written).rpartition("/")
    if not _QUALIFIED_NAME.fullmatch(name) or (slash and (not DNS1123.fullmatch(prefix) or len(prefix) > 253)):
        fail("E220", f"{show(written)} is not a key that Kubernetes takes; write one such as team or example.com/team")
    if _RESERVED.fullmatch(written):
        fail("E222", f"{written} is set by the tools that own it; remove it")
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


def _env_value(value: Any) -> str:
    if isinstance(value, dict):
        if set(value) & {"secret", "config_map", "field", "value"}:
            fail("E106", "references and {value: ...} are not supported by this version of cxgen; write a string")
        fail("E103", "a map is not a value; write a string, a number, true or false")
    return str(spelled(value, "a value"))


def _anchored(regex: re.Pattern[str]) -> str:
    """A pattern as JSON Schema's readers want it, which know nothing of Python's named groups."""
    return f"^(?:{regex.pattern})$".replace("(?P<repository>", "(?:")


# Letters of any case before the slash: annotations may have them, and a schema knows no lower case.
_KEY_PATTERN = rf"^(?!(?:{_RESERVED.pattern})$)([A-Za-z0-9.-]+/)?{_QUALIFIED_NAME.pattern}$"

Name = Annotated[str, _api_name()]
ContainerName = Annotated[str, pattern("E201", DNS1035, 63, "a name of lower-case letters, digits and -, a letter first", "api")]
Image = Annotated[str, Rule(_image, {"type": "string", "pattern": _anchored(_IMAGE)})]
Text = Annotated[str, text("a string")]
EnvName = Annotated[str, Rule(_env_name, {"type": "string", "pattern": f"^{_ENV_NAME.pattern}$", "maxLength": _MAX_ENV_NAME})]
EnvValue = Annotated[str, Rule(_env_value, {"type": ["string", "number", "boolean"]})]
LabelKey = Annotated[str, Rule(partial(_key, any_case=False), {"type": "string", "pattern": _KEY_PATTERN})]
AnnotationKey = Annotated[str, Rule(partial(_key, any_case=True), {"type": "string", "pattern": _KEY_PATTERN})]
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
InFlight = Annotated[Decimal, number(above="0")]
MaxSurge = Annotated[int | str, _rollout(None)]
MaxUnavailable = Annotated[int | str, _rollout(100)]
TimeoutSeconds = Annotated[int, integer(0, zero=1)]
PeriodSeconds = Annotated[int, integer(0, zero=10)]
SuccessThreshold = Annotated[int, integer(0, zero=1)]
FailureThreshold = Annotated[int, integer(0, zero=3)]
