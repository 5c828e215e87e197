"""Kubernetes quantities: read and put into the one canonical form.

Grammar and canonical form: k8s.io/apimachinery, pkg/api/resource, Quantity. The family that was written is kept (`1Gi`
stays binary, `1G` decimal), the mantissa becomes whole, the suffix as large as it can be: `1024Mi` is `1Gi`, `0.5` is `500m`.
"""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal, localcontext

# The same for a JSON Schema, whose readers want it anchored.
PATTERN = r"^\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]+)?$"
_SYNTAX = re.compile(r"\+?([0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:([numkMGTPE]|[KMGTPE]i)|[eE]([-+]?[0-9]{1,2}))?")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
# The largest that Kubernetes keeps exactly: 2^63-1.
_MAX = Decimal(2**63 - 1)


def parse(text: str) -> Decimal:
    """The amount; raises ValueError where Kubernetes would not read it, or it is beyond what Kubernetes keeps."""
    match = _SYNTAX.fullmatch(text)
    if not match:
        raise ValueError(text)
    number, suffix, exponent = match.groups()
    with localcontext(prec=100):
        if suffix in _BINARY:
            amount = Decimal(number) * Decimal(1024 ** _BINARY[suffix])
        else:
            amount = Decimal(number).scaleb(_DECIMAL[suffix or ""] if not exponent else int(exponent))
    if amount > _MAX:
        raise ValueError(text)
    return amount


def canonical(text: str, *, smallest: str = "") -> str:
    """The canonical form, rounded up to whole units, or to thousandths with `smallest="m"`, as Kubernetes rounds."""
    with localcontext(prec=100):
        amount = parse(text)
        thousandths = int((amount * 1000).to_integral_value(ROUND_CEILING))
        units = int(amount.to_integral_value(ROUND_CEILING))
    if smallest == "m" and thousandths % 1000:
        return f"{thousandths}m"
    if text.endswith("i"):
        for suffix, power in reversed(_BINARY.items()):
            if units and units % 1024**power == 0:
                return f"{units // 1024**power}{suffix}"
        return str(units)
    for suffix, exponent in reversed(_DECIMAL.items()):
        if exponent > 0 and units and units % 10**exponent == 0:
            return f"{units // 10**exponent}{suffix}"
    return str(units)
