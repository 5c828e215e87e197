"""What a container may do, and what must not be in Git."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cxgen.spec.containers import EnvReference
from cxgen.spec.rules.finding import Context, Finding, containers

# What each level lets a container add: https://kubernetes.io/docs/concepts/security/pod-security-standards/
RESTRICTED = frozenset(("NET_BIND_SERVICE",))
BASELINE = RESTRICTED | frozenset(
    ["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"]
)
_SECRET_NAME = re.compile(r".*(PASSWORD|PASSWD|SECRET|TOKEN|APIKEY|(SECRET|SECRET_ACCESS|API|PRIVATE)_KEY)", re.IGNORECASE)
# The tokens of a tokenizer, and what is no secret: a reference, a switch, a small number, a mark in brackets.
_NO_SECRET_NAME = re.compile(r"(.*_)?(EOS|BOS|PAD|UNK|SEP|CLS|MASK|STOP|START|END|EOT|SPECIAL)_?TOKEN", re.IGNORECASE)
_NO_SECRET = re.compile(r"\$\(.*\)|true|false|[0-9]{1,5}|<.*>|\[.*\]", re.DOTALL)


CURE = "put it into a Secret and write {secret: {name: ..., key: ...}}, or {value: ...} if it is none"


def privileges(context: Context) -> Iterator[Finding]:
    """The way out for images that need a capability or a user: each use of it is said."""
    restricted = context.environment.security == "restricted"
    for path, container in containers(context.api):
        security, here = container.security, (*path, "security")
        for index, capability in enumerate(security.capabilities):
            where = (*here, "capabilities", index)
            if restricted and capability not in RESTRICTED:
                message = (
                    "the environment has security: restricted, which allows NET_BIND_SERVICE alone; mend the image, or lower the level"
                )
                yield Finding("E242", where, message)
            elif capability not in BASELINE:
                message = (
                    f"{capability} is more than Pod Security allows: a namespace that enforces baseline refuses the pods; mend the image"
                )
                yield Finding("W115", where, message)
            elif capability not in RESTRICTED:
                message = f"{capability} is kept, so a namespace that enforces restricted refuses the pods; leave it out if the image can"
                yield Finding("W115", where, message)
        if security.run_as_user == 0:
            where = (*here, "run_as_user")
            if restricted:
                message = "the environment has security: restricted, which refuses root; write another user, or lower the level"
                yield Finding("E242", where, message)
            else:
                yield Finding(
                    "W115", where, "the container runs as root, which a namespace that enforces restricted refuses; write another user"
                )


def names(context: Context) -> Iterator[Finding]:
    """A variable with the name of a secret hardly holds something else."""
    for path, container in containers(context.api):
        for name, value in container.env.items():
            if isinstance(value, EnvReference) or not value or not _SECRET_NAME.fullmatch(name) or _NO_SECRET_NAME.fullmatch(name):
                continue
            if not _NO_SECRET.fullmatch(value):
                message = f"has the name of a secret, and Git keeps it for ever; {CURE}"
                yield Finding("W120", (*path, "env", name), message)
