"""Durations as Go writes them: `1m30s`, `1.5h`, `300ms` (https://pkg.go.dev/time#ParseDuration)."""

from __future__ import annotations

import re
from decimal import Decimal

_UNITS = {"ns": "1e-9", "us": "1e-6", "µs": "1e-6", "μs": "1e-6", "ms": "1e-3", "s": "1", "m": "60", "h": "3600"}
_PART = re.compile(r"([0-9]{1,15}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})(ns|us|µs|μs|ms|s|m|h)")


def parse(text: str) -> Decimal:
    """The duration in seconds; raises ValueError for anything else, bare numbers and signs included."""
    seconds, position = Decimal(0), 0
    for match in _PART.finditer(text):
        if match.start() != position:
            break
        seconds += Decimal(match[1]) * Decimal(_UNITS[match[2]])
        position = match.end()
    if position == 0 or position != len(text):
        raise ValueError(text)
    return seconds
