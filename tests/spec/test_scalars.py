"""Quantities and durations: normal forms, and what is refused."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxgen.spec import duration, quantity


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1", "1"),
        ("1000m", "1"),
        ("0.5", "500m"),
        ("1.5", "1500m"),
        ("200m", "200m"),
        (".1", "100m"),
        ("0.0001", "1m"),
        ("1e1", "10"),
        ("2k", "2k"),
        ("+1", "1"),
    ],
)
def test_cpu(text: str, canonical: str) -> None:
    assert quantity.canonical(text, smallest="m") == canonical


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1Gi", "1Gi"),
        ("1024Mi", "1Gi"),
        ("2.5Gi", "2560Mi"),
        ("1.5Ki", "1536"),
        ("2G", "2G"),
        ("2000M", "2G"),
        ("1000000000", "1G"),
        ("1e9", "1G"),
        ("128974848", "128974848"),
        ("2.3Gi", "2469606196"),
        ("8E", "8E"),
        ("1024", "1024"),
    ],
)
def test_memory(text: str, canonical: str) -> None:
    assert quantity.canonical(text) == canonical


@pytest.mark.parametrize(
    "text", ["", "-1", "1K", "1 Gi", "1GB", "1gi", "Gi", "1e", "0x10", "1_000", "inf", "9Ei", "1e30", "1.2.3", "1ki", "१"]
)
def test_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        quantity.parse(text)


@given(st.integers(1, 2**60), st.sampled_from(["", "Ki", "Mi", "k", "M", "m"]))
def test_canonical_keeps_the_amount_and_is_final(number: int, suffix: str) -> None:
    text = f"{number}{suffix}"
    try:
        amount = quantity.parse(text)
    except ValueError:
        return
    once = quantity.canonical(text, smallest="m")
    assert quantity.parse(once) == amount
    assert quantity.canonical(once, smallest="m") == once


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60s", "60"), ("1m", "60"), ("1m30s", "90"), ("1.5h", "5400"), ("300ms", "0.3"), ("0s", "0"), (".5m", "30"), ("1h0m1s", "3601")],
)
def test_duration(text: str, seconds: str) -> None:
    assert duration.parse(text) == Decimal(seconds)


@pytest.mark.parametrize("text", ["", "60", "0", "1", "-1s", "1 m", "1d", "m", "1m 30s", "1mm", "s1", "1.s.", "٣s"])
def test_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        duration.parse(text)
