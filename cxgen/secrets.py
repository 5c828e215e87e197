"""What looks like a secret: no file should hold it, and no message shows it."""

from __future__ import annotations

import re
from functools import cache

# How tokens of well-known services begin, and their alphabets. Letters before or after are part of another word.
_TOKENS = {
    "a token of GitHub": r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,}",
    "a token of GitLab": r"gl(pat|dt|rt|cbt|ptt)-[A-Za-z0-9_-]{20,}",
    "an access key of AWS": r"(AKIA|ASIA)[A-Z2-7]{16}",
    "an API key of Google": r"AIza[A-Za-z0-9_-]{35}",
    "a token of Slack": r"xox[abeoprs]-[0-9]{6,}-[A-Za-z0-9-]{6,}",
    "a token of Hugging Face": r"hf_[A-Za-z]{30,}",
    "an API key of Anthropic": r"sk-ant-[A-Za-z0-9_-]{20,}",
    "an API key of OpenAI": r"sk-(proj|svcacct|admin)-[A-Za-z0-9_-]{40,}|sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}",
    "a key of Stripe": r"[rs]k_(live|test)_[A-Za-z0-9]{16,}",
    "a token of npm": r"npm_[A-Za-z0-9]{36}",
    "a token of PyPI": r"pypi-[A-Za-z0-9_-]{50,}",
    "a signed token (JWT)": r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}",
    "a token of DigitalOcean": r"do[opr]_v1_[a-f0-9]{64}",
    "a key of SendGrid": r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    "a token of Databricks": r"dapi[a-f0-9]{32}",
    "a token of Vault": r"hv[sb]\.[A-Za-z0-9_-]{24,}",
    "a key of age": r"AGE-SECRET-KEY-1[0-9A-Z]{50,}",
    "an API key of OpenRouter": r"sk-or-v1-[a-f0-9]{64}",
    "a key of Weights & Biases": r"wandb_v1_[A-Za-z0-9_]{40,}",
}
# One of these is in every secret that is known here: to look for them first is many times faster than the patterns.
_MARKS = (
    *("://", "PRIVATE KEY", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "gldt-", "glrt-", "glcbt-", "glptt-"),
    *("AKIA", "ASIA", "AIza", "xox", "hf_", "sk-", "sk_", "rk_", "npm_", "pypi-", "eyJ", "dop_v1_", "dor_v1_", "SG.", "dapi"),
    *("hvs.", "hvb.", "AGE-SECRET-KEY-", "wandb_v1_"),
)
_PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z0-9]+ ){0,3}PRIVATE KEY( BLOCK)?-----")
# Whatever stands between : and @ is a password, but for a reference to a variable, a placeholder, or a port.
_PASSWORD = re.compile(r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s/@:]*:(?![$<{%]|\*+@|[0-9]{1,5}@)[^\s/@]+@")


@cache
def _token() -> re.Pattern[str]:
    """All tokens in one pattern; it takes two milliseconds to make, which a spec without a text does not pay."""
    return re.compile("|".join(f"(?P<t{number}>(?<![A-Za-z0-9_-])(?:{regex}))" for number, regex in enumerate(_TOKENS.values())))


def secret_in(text: str) -> str:
    """What secret a text holds, or nothing."""
    if not any(mark in text for mark in _MARKS):
        return ""
    if _PRIVATE_KEY.search(text):
        return "a private key"
    if match := _token().search(text):
        return list(_TOKENS)[int((match.lastgroup or "t0")[1:])]
    return "a password in a URL" if _PASSWORD.search(text) else ""


def hide(text: str) -> str:
    """A text without the secrets in it."""
    if secret_in(text):
        for pattern in (_PRIVATE_KEY, _token(), _PASSWORD):
            text = pattern.sub("(hidden)", text)
    return text
