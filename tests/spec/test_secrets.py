"""Secrets in plain text (E235, W120): found in every place where a text can stand, and never shown."""

from __future__ import annotations

import json
import random
import string

import pytest

from cxgen.secrets import secret_in
from tests.conftest import SMALLEST, Project

_ANY = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
# How each begins, in two parts so that no scanner takes this file for a leak; the alphabet of the rest, and its length.
TOKENS = [
    ("gh", "p_", _ANY, 36, "a token of GitHub"),
    ("github", "_pat_", _ANY + "_", 82, "a token of GitHub"),
    ("gl", "pat-", _ANY, 20, "a token of GitLab"),
    ("AK", "IA", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16, "an access key of AWS"),
    ("AI", "za", _ANY, 35, "an API key of Google"),
    ("hv", "s.", _ANY, 24, "a token of Vault"),
    ("sk-", "or-v1-", _HEX, 64, "an API key of OpenRouter"),
    ("h", "f_", string.ascii_letters, 34, "a token of Hugging Face"),
    ("sk-", "ant-", _ANY, 90, "an API key of Anthropic"),
    ("sk-", "proj-", _ANY, 48, "an API key of OpenAI"),
    ("sk", "_live_", _ANY, 24, "a key of Stripe"),
    ("np", "m_", _ANY, 36, "a token of npm"),
    ("py", "pi-", _ANY, 100, "a token of PyPI"),
    ("da", "pi", _HEX, 32, "a token of Databricks"),
    ("dop", "_v1_", _HEX, 64, "a token of DigitalOcean"),
]


def token(prefix: str, more: str, alphabet: str, length: int) -> str:
    return prefix + more + "".join(random.choice(alphabet) for _ in range(length))


@pytest.mark.parametrize(("prefix", "more", "alphabet", "length", "what"), TOKENS)
def test_tokens(prefix: str, more: str, alphabet: str, length: int, what: str) -> None:
    made = token(prefix, more, alphabet, length)
    for text in (made, f"--token={made}", f'{{"key": "{made}"}}', f"Bearer {made}\n"):
        assert secret_in(text) == what
    assert not secret_in(f"x{made}"), "the end of another word"


def test_composed_tokens() -> None:
    part = "".join(random.choice(_ANY) for _ in range(43))
    assert secret_in(f"eyJ{part}.eyJ{part}.{part}") == "a signed token (JWT)"
    assert secret_in(f"S{'G'}.{part[:22]}.{part}") == "a key of SendGrid"
    digits = "".join(random.choice(string.digits) for _ in range(12))
    assert secret_in(f"xo{'xb'}-{digits}-{digits}-{part[:24]}") == "a token of Slack"


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", "DSA "])
def test_private_keys(kind: str) -> None:
    dashes = "-" * 5
    assert secret_in(f"{dashes}BEGIN {kind}PRIVATE KEY{dashes}\nMII...") == "a private key"
    assert not secret_in(f"{dashes}BEGIN {kind}PUBLIC KEY{dashes}")


@pytest.mark.parametrize("scheme", ["postgres", "mongodb+srv", "https", "redis", "amqp"])
def test_passwords_in_urls(scheme: str) -> None:
    word = "".join(random.choice(_ANY) for _ in range(8))
    for text in (f"{scheme}://user:{word}@host/db", f"--url={scheme}://:{word}@host:5432"):
        assert secret_in(text) == "a password in a URL"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "postgres://user@host/db",
        "postgres://user:$(PASSWORD)@host/db",
        "postgres://user:${PASSWORD}@host/db",
        "postgres://user:<password>@host/db",
        "postgres://user:$PASSWORD@host/db",
        "postgres://{user}:{password}@host/db",
        "postgres://%s:%s@host/db",
        "ssh://git:22@host/path",
        "oci://registry:5000@sha256:" + "0" * 64,
        "xoxb-model-something-long",
        "sk-learn-random-forest-classifier-v2-production",
        "https://host:8080/a@b",
        "http://host/?a=b:c@d",
        "registry.example.com:5000/a/b@sha256:" + "0" * 64,
        "sk-learn",
        "scikit-learn-1.4.2-cp311-manylinux_2_17_x86_64",
        "task-based-image-classification-model-for-satellites",
        "hf_transfer",
        "npm_config_loglevel",
        "AKIA",
        "0123456789abcdef" * 4,
        "ghp_example",
        "someone@example.com",
    ],
)
def test_what_is_none(text: str) -> None:
    assert not secret_in(text)


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ("env: {{A: {text}}}", "env.A"),
        ("args: [serve, {text}]", "args[1]"),
        ("command: [serve, {text}]", "command[1]"),
        ("environments: {{prod: {{env: {{A: {text}}}}}}}", "environments.prod.env.A"),
    ],
)
def test_places(project: Project, place: str, field: str) -> None:
    """An error names the place and the cure, not the secret; {value: ...} says that it is none."""
    made = token("gh", "p_", _ANY, 36)
    project.write("cxgen.yaml", "environments: {prod: {defaults: {compute: {mem: 1Gi}}}}")
    project.write("apis/iris.yaml", SMALLEST + place.format(text=json.dumps(made)))
    outcome = project.run("validate")
    assert outcome.code == 2
    assert f" {field}: a token of GitHub in plain text; put it into a Secret" in outcome.lines[0]
    assert "{secret: {name" in outcome.lines[0]
    assert outcome.lines[0].endswith("[E235]")
    assert made not in outcome.err + outcome.out
    if "env" in place:
        meant = place.format(text=f"{{value: {json.dumps(made)}}}")
        project.write("apis/iris.yaml", SMALLEST + meant)
        assert project.run("validate").err == ""


def test_a_project_default(project: Project) -> None:
    project.write("cxgen.yaml", f"defaults: {{compute: {{mem: 1Gi}}, env: {{A: {token('np', 'm_', _ANY, 36)}}}}}")
    assert project.run("validate").lines[0].startswith("cxgen.yaml:1:42: defaults.env.A: a token of npm in plain text")


@pytest.mark.parametrize(
    ("name", "value", "warned"),
    [
        ("DB_PASSWORD", "hunter2", True),
        ("password", "x", True),
        ("HF-TOKEN", "x", True),
        ("OPENAI_API_KEY", "x", True),
        ("AWS_SECRET_ACCESS_KEY", "x", True),
        ("CLIENT_SECRET", "x", True),
        ("MAX_TOKENS", "4096", False),
        ("TOKENIZER", "bert", False),
        ("PASSWORD_FILE", "/etc/password", False),
        ("USE_TOKEN", "true", False),
        ("DB_PASSWORD", "", False),
        ("DB_PASSWORD", "$(OTHER)", False),
    ],
)
def test_names(project: Project, name: str, value: str, warned: bool) -> None:
    project.write("apis/iris.yaml", SMALLEST + f"env: {{{name}: {json.dumps(value)}, OTHER: x}}")
    assert ("[W120]" in project.run("validate").err) == warned


@pytest.mark.parametrize(
    "spec",
    [
        "image: {token}/a",
        "node_groups: [{token}]",
        "image_pull_secrets: ['{token}!']",
        "environments: {{{token}: {{}}}}",
        "env: {{{token}: x}}",
        "{token}: x",
        "labels: {{a: x, {token}: y, {token}: z}}",
        "args: ['$({token})']",
        "args: --key={token} x",
        "pod: {{containers: [{{name: {token}, image: 'a:1'}}, {{name: {token}, image: 'a:1'}}]}}",
        "pod: {{containers: [{{name: a, image: 'a:1', readiness_probe: {{exec: {{command: ['x {token}']}}}}}}]}}",
        "networking: {{endpoint: /{token}}}",
        "compute: {{cpu: {token}, gpu_type: {token}}}",
        "autoscaling: {{window: {token}, metrics: [{{type: {token}}}]}}",
        "kind: {token}",
        "name: {token}",
        "silence: {{{token}: x}}",
    ],
)
def test_no_message_shows_one(project: Project, spec: str) -> None:
    for made in (token("gl", "pat-", string.ascii_lowercase, 25), token("da", "pi", _HEX, 32), f"https://u:{'x' * 9}@h.example.com"):
        base = "\n".join(line for line in SMALLEST.splitlines() if line.split(":")[0] not in spec.split(":", maxsplit=1)[0])
        project.write("apis/iris.yaml", f"{base}\n{spec.format(token=made)}\n")
        outcome = project.run("validate")
        assert made not in outcome.err + outcome.out
        assert made.replace("_", "-") not in outcome.err
        assert "xxxxxxxxx" not in outcome.err


def test_a_key_is_a_text(project: Project) -> None:
    project.write("apis/iris.yaml", SMALLEST + f"env: {{{token('gh', 'p_', _ANY, 36)}: x}}")
    assert "a token of GitHub in plain text" in project.run("validate").err
