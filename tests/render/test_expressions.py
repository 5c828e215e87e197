"""The closed set of Helm expressions: written and read back."""

from __future__ import annotations

import pytest

from cxgen import yamlio
from cxgen.render import expressions

VALUES = {"a": {"b": 1000000, "c-d": {"E.F": "{{ x }}"}, "l": ["x", "y"], "e": []}, "n": None}


@pytest.mark.parametrize(
    ("text", "expression", "result"),
    [
        (expressions.scalar(("a", "b")), "{{ .Values.a.b | toJson }}", "1000000"),
        (expressions.string(("a", "b")), "{{ .Values.a.b | toString | toJson }}", '"1000000"'),
        (expressions.scalar(("a", "c-d", "E.F")), '{{ index .Values.a "c-d" "E.F" | toJson }}', '"{{ x }}"'),
        ("l:\n  " + expressions.block(("a", "l"), 2), "l:\n  {{- toYaml .Values.a.l | nindent 2 }}", 'l:\n  - "x"\n  - "y"'),
        (
            "l:\n  " + expressions.block(("a", "c-d"), 2),
            'l:\n  {{- toYaml (index .Values.a "c-d") | nindent 2 }}',
            'l:\n  "E.F": "{{ x }}"',
        ),
        ("l:\n  " + expressions.block(("a", "e"), 2), "l:\n  {{- toYaml .Values.a.e | nindent 2 }}", "l:\n  []"),
    ],
)
def test_written_and_read_back(text: str, expression: str, result: str) -> None:
    assert text == expression
    assert expressions.substitute(text, VALUES) == result


@pytest.mark.parametrize(
    "text",
    ["{{ .Release.Name }}", "{{ .Values.a | upper }}", "{{- if .Values.a }}x{{- end }}", "{{ .Values.a.b | toJson -}}", "{{ template }}"],
)
def test_more_of_helm_is_not_guessed(text: str) -> None:
    with pytest.raises(expressions.ForeignExpression):
        expressions.substitute(text, VALUES)


@pytest.mark.parametrize("key", ["n", "y", "no", "Yes", "on", "OFF", "true", "null", "1e3", "a-b", "a.b", "", " ", "=", "<<", "é", "x"])
def test_keys_are_quoted_where_a_reader_could_take_them_for_something_else(key: str) -> None:
    assert yamlio.key(key) == yamlio.quote(key)


@pytest.mark.parametrize("key", ["httpGet", "image", "requests"])
def test_other_keys_are_bare(key: str) -> None:
    assert yamlio.key(key) == key
