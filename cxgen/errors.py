"""Diagnostics (what is wrong, where, and the cure) and the exceptions that carry them to a door.

A number never changes its meaning and is never used again: when a rule goes, its number goes with it into RETIRED.
"""

from __future__ import annotations

from typing import NamedTuple

from cxgen.secrets import hide

# Number -> what it stands for, in the words of docs/diagnostics.md (which is generated from this table).
CODES = {
    # Reading files.
    "E001": "A file or folder cannot be read.",
    "E002": "A file is not UTF-8 text without a byte-order mark.",
    "E003": "A file is not YAML.",
    "E004": "A key is written twice in one map.",
    "E005": "A YAML tag is used.",
    "E006": "An alias refers to itself or to nothing.",
    "E007": "A file holds something other than specs.",
    "E008": "A character that Kubernetes' tools refuse or change: a control character, U+2028, U+2029 or a byte-order mark.",
    "E009": "A key is not a plain word or a string.",
    "E010": "There are no specs where they are looked for.",
    "E011": "A file is larger or deeper than any spec needs to be.",
    # The shape of a spec.
    "E101": "A field is not known.",
    "E102": "A required field is missing.",
    "E103": "A value has the wrong type.",
    "E104": "A kind is not known.",
    "E105": "A kind is known but not supported yet.",
    "E106": "A field is known but not supported yet.",
    "E107": "The shorthand stands beside pod.containers, or edits a container that is not there.",
    "E108": "A list or an environment variable holds null.",
    "E109": "A field that is the same in every environment stands in a layer.",
    "E111": "What is silenced is no warning, or has no reason.",
    "E112": "A word is not one of those that a field knows.",
    # The values of a spec.
    "E201": "A name is not one that Kubernetes takes there, or is too long.",
    "E202": "Two containers have the same name, or two entries of a layer.",
    "E203": "An image is not an OCI reference.",
    "E204": "The name of an environment variable is not valid.",
    "E205": "The name of an environment variable is taken.",
    "E206": "A number is out of range.",
    "E207": "A quantity is not one that Kubernetes reads.",
    "E208": "A quantity is too small.",
    "E209": "GPUs and Inferentia chips are asked for together.",
    "E210": "A duration is not one that Go reads.",
    "E211": "A duration is out of range.",
    "E212": "None or several of some fields are given where exactly one must be.",
    "E213": "A liveness or startup probe wants more than one success.",
    "E214": "Replica bounds contradict each other.",
    "E215": "target_in_flight is more than a replica can hold.",
    "E216": "A rollout bound is neither a whole number nor a percentage.",
    "E217": "max_surge and max_unavailable are both zero.",
    "E218": "An endpoint is not valid.",
    "E219": "A host is not a DNS name.",
    "E220": "The key of a label or annotation is not valid.",
    "E221": "The value of a label is not valid.",
    "E222": "The key of a label or annotation belongs to cxgen, Kubernetes, Helm, Argo CD or the ingress controller.",
    "E223": "Replicas follow the CPU or the memory, and a container requests none.",
    "E224": "A list is empty that needs at least one item.",
    "E225": "The texts of an API are larger together than Argo CD can apply.",
    "E226": "The path of an HTTP probe or hook is not valid.",
    "E227": "Two volumes of a container have one path, or a shared folder is described in two ways.",
    "E228": "A path in a container is not valid.",
    "E229": "The key of a Secret or ConfigMap is not valid.",
    "E230": "A field of the pod is not one that a variable can show.",
    "E231": "The name of a device resource is not valid.",
    "E232": "Requests, limits, shared memory and huge pages contradict each other.",
    "E233": "The name of a metric is not valid.",
    "E235": "A private key, a token or a password stands in plain text.",
    "E236": "A metric cannot be followed as it is written.",
    "E237": "Nothing could bring an API back from zero replicas.",
    "E238": "A node group is not one of the environment's, or has spot nodes.",
    "E239": "An image has no digest where the project requires one.",
    "E240": "No node can have what an API asks for.",
    "E241": "A toleration is not one that Kubernetes takes.",
    "E242": "A container wants what its environment's security level refuses.",
    # Between APIs.
    "E301": "Two APIs of an environment have the same name.",
    "E302": "One controller would serve two APIs at the same endpoint of a host, or at ones that differ only in case.",
    "E303": "The names of an API and its environment are too long together.",
    "E304": "An environment is named that cxgen.yaml does not have, or none where one must be.",
    "E305": "An API is deployed as another kind.",
    "E306": "Two APIs in two environments would be one Application of Argo CD.",
    # The project file.
    "E402": "A repository's address is not usable or holds a password.",
    "E403": "The name of an environment, namespace or project is not valid.",
    "E404": "The path of a project in its repository has characters that Argo CD gives a meaning.",
    "E405": "The range of versions of cxgen is not valid, or this version is not in it.",
    "E406": "A version of Kubernetes is not valid.",
    "E407": "Two environments share a namespace.",
    "E408": "The settings of an environment contradict each other.",
    "E409": "The project file has another name, or stands in another folder than the command is run in.",
    # The tree that is written.
    "E501": "A generated file was changed by hand.",
    "E502": "A file that cxgen did not write is in the way.",
    "E503": "A symbolic link or a special file is in the way.",
    "E504": "The last API of an environment would go.",
    "E505": "Another render is running.",
    "E506": "A file cannot be written.",
    "E507": "A spec lies outside the project's apis/ folder.",
    "E508": "An inventory is not one of cxgen's.",
    "E509": "The output folder lies among the specs.",
    # Templates.
    "E601": "A template does not render.",
    "E602": "A template prints structure or decides by data.",
    "E603": "A template's output is not a Kubernetes object.",
    # Warnings: it works, but it may not mean what you think.
    "W101": "A tag can be moved to another image.",
    "W102": "Concurrency and queue length are not enforced.",
    "W103": "Replicas follow the CPU, not requests in flight.",
    "W104": "init_replicas has no effect.",
    "W105": "min_replicas 0 is rendered as 1.",
    "W106": "The cluster's version ignores a setting.",
    "W107": "/mnt is not shared between containers.",
    "W108": "Inferentia containers get no privileges and no huge pages by themselves.",
    "W109": "A $(VARIABLE) that nothing sets.",
    "W110": "No readiness probe looks at the port.",
    "W111": "Autoscaling settings have no effect with fixed replicas.",
    "W112": "A CPU request is so large that thousandths were probably meant.",
    "W113": "A rollout needs a free GPU or Inferentia chip.",
    "W114": "target_in_flight is not among the metrics.",
    "W115": "A container keeps a capability or runs as root.",
    "W116": "A container requests no memory.",
    "W117": "Replicas follow the CPU where a device does the work.",
    "W118": "A disruption budget protects nothing, or lets no node be drained.",
    "W119": "A probe can never pass.",
    "W120": "A variable with the name of a secret has its value in plain text.",
    "W121": "A silenced warning does not occur.",
    "W122": "A setting has no effect without another.",
    "W123": "A metric is named in another environment, and not in this one.",
}
RETIRED = frozenset(("E401",))  # several environments, which a first version did not have


def printable(line: str) -> str:
    """Names of files and values of specs may hold anything; what is printed is one line and steers no terminal."""
    return line if line.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


class Diagnostic(NamedTuple):
    """One error or warning. Lines and columns count from 1; 0 means that there is none."""

    code: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    field: str = ""

    @property
    def is_error(self) -> bool:
        return self.code.startswith("E")

    def __str__(self) -> str:
        """`file:line:column: field: what is wrong; what to write instead [number]`, as compilers print it."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        severity = "" if self.is_error else "warning"
        parts = [part for part in (place, severity, self.field, self.message) if part]
        return printable(f"{hide(': '.join(parts))} [{self.code}]")


class CxgenError(Exception):
    """What was asked was not done, and the diagnostics say why. A door turns it into an exit code."""

    exit_code = 2

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("\n".join(map(str, diagnostics)))
        self.diagnostics = diagnostics


class InvalidInput(CxgenError):
    """What the user wrote (a spec, cxgen.yaml, a template, an argument) is not valid."""


class RepositoryError(CxgenError):
    """The folder to write to is not in a state in which it can be written without losing something."""

    exit_code = 3


class HalfWritten(RepositoryError):
    """The disk refused in the middle of a write. What is left to do is noted, so the next render finishes."""
