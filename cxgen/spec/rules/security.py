"""What a container may do, and what must not be in Git."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from cxgen.spec.containers import EnvReference
from cxgen.spec.diagnose import FieldPath
from cxgen.spec.rules.finding import Context, Finding, containers

# What each level lets a container add: https://kubernetes.io/docs/concepts/security/pod-security-standards/
RESTRICTED = frozenset(("NET_BIND_SERVICE",))
BASELINE = RESTRICTED | frozenset(
    ["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"]
)
# How tokens of well-known services begin, and their alphabets. Letters before or after are part of another word.
_TOKENS = {
    "a token of GitHub": r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,}",
    "a token of GitLab": r"gl(pat|dt|rt|cbt|ptt)-[A-Za-z0-9_-]{20,}",
    "an access key of AWS": r"(AKIA|ASIA)[A-Z2-7]{16}",
    "an API key of Google": r"AIza[A-Za-z0-9_-]{35}",
    "a token of Slack": r"xox[abeoprs]-[A-Za-z0-9-]{10,}",
    "a token of Hugging Face": r"hf_[A-Za-z]{30,}",
    "an API key of Anthropic": r"sk-ant-[A-Za-z0-9_-]{20,}",
    "an API key of OpenAI": r"sk-(proj-|svcacct-|admin-)?[A-Za-z0-9_-]{32,}",
    "a key of Stripe": r"[rs]k_(live|test)_[A-Za-z0-9]{16,}",
    "a token of npm": r"npm_[A-Za-z0-9]{36}",
    "a token of PyPI": r"pypi-[A-Za-z0-9_-]{50,}",
    "a signed token (JWT)": r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}",
    "a token of DigitalOcean": r"do[opr]_v1_[a-f0-9]{64}",
    "a key of SendGrid": r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    "a token of Databricks": r"dapi[a-f0-9]{32}",
    "a key of Weights & Biases": r"wandb_v1_[A-Za-z0-9_]{40,}",
}
_PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z0-9]+ ){0,3}PRIVATE KEY( BLOCK)?-----")
# Whatever stands between : and @ is a password, but for a reference to a variable, or a placeholder in brackets.
_PASSWORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/@:]*:(?!\$[({]|<|\*+@)[^\s/@]+@")
_SECRET_NAME = re.compile(r"(.*[_.-])?(PASSWORD|PASSWD|SECRET|TOKEN|APIKEY|(SECRET|SECRET_ACCESS|API|PRIVATE)_KEY)", re.IGNORECASE)


_CURE = "put it into a Secret and write {secret: {name: ..., key: ...}}, or {value: ...} if it is none"


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


def plain_text(context: Context) -> Iterator[Finding]:
    """Secrets are not for Git. No message shows them."""
    for path, container in containers(context.api):
        for field in ("command", "args"):
            for index, text in enumerate(getattr(container, field)):
                if what := looks_like(text):
                    message = (
                        f"{what} in plain text; put it into a Secret, and write $(NAME) here and env: {{NAME: {{secret: {{name, key}}}}}}"
                    )
                    yield Finding("E235", (*path, field, index), message)
        for name, value in container.env.items():
            if isinstance(value, EnvReference) or not value:
                continue
            where: FieldPath = (*path, "env", name)
            if what := looks_like(value):
                message = f"{what} in plain text; {_CURE}"
                yield Finding("E235", where, message)
            elif _SECRET_NAME.fullmatch(name) and not re.fullmatch(r"\$\(.*\)|true|false|[0-9]{1,5}", value):
                message = f"has the name of a secret, and Git keeps it for ever; {_CURE}"
                yield Finding("W120", where, message)


@cache
def _token() -> re.Pattern[str]:
    """All tokens in one pattern; it takes two milliseconds to make, which a spec without a text does not pay."""
    return re.compile("|".join(f"(?P<t{number}>(?<![A-Za-z0-9_-])(?:{regex}))" for number, regex in enumerate(_TOKENS.values())))


def looks_like(text: str) -> str:
    """What secret a text holds, or nothing."""
    if _PRIVATE_KEY.search(text):
        return "a private key"
    if match := _token().search(text):
        return list(_TOKENS)[int((match.lastgroup or "t0")[1:])]
    return "a password in a URL" if _PASSWORD.search(text) else ""
