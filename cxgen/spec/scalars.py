"""What the types of single values are made of: rules that read what was written, say what is wrong, and give its normal form.

A value from a file is text that knows whether it was quoted (yamlio.Plain); one from Python has Python's type. Both are
read here, so that the rules and the words are the same.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NoReturn

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from cxgen.secrets import secret_in
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
        empty = ' "" for an empty one,' if what in ("a string", "a value", "a label") else ""
        fail("E108", f"null is not {what}; write{empty} {'or ' if empty else 'one, or '}leave it out")
    if isinstance(value, dict | list | tuple) or not isinstance(value, str | int | float | Decimal):
        name = value.get("name") if isinstance(value, dict) and len(value) == 1 and "name" in what else None
        fail("E103", f"{show(value)} is not {what}; write {show(name) if isinstance(name, str) else 'a single value'}")
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
    if secret_in(name):
        return ""
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
        if amount and not Decimal("1e-9") <= abs(amount) < Decimal("1e12"):
            fail("E206", f"{show(value)} is out of range; write a number {' and '.join(words)}, with nine decimals at most")
        wrong = (
            (at_least is not None and amount < Decimal(at_least))
            or (above is not None and amount <= Decimal(above))
            or (below is not None and amount >= Decimal(below))
        )
        if wrong:
            fail("E206", f"{show(value)} is out of range; write a number {' and '.join(words)}")
        return amount.quantize(Decimal("1e-9"), ROUND_HALF_UP).normalize()

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


def boolean() -> Rule:
    """true or false; `yes` and its like are not, because readers of YAML do not agree on them."""

    def read(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, Plain) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        fail("E103", f"{show(value)} is neither true nor false; write one of them")

    return Rule(read, {"type": "boolean"})


def choice(*words: str, later: tuple[str, ...] = ()) -> Rule:
    """One of a few words; those that a later version will know are refused with that."""

    def read(value: Any) -> str:
        word = str(spelled(value, "a word"))
        if word in words:
            return word
        if word in later:
            fail("E106", f"{word} is not supported by this version of cxgen; write {' or '.join(words)}")
        near = difflib.get_close_matches(word.lower()[:60].removeprefix("cap_"), [known.lower() for known in words], n=1, cutoff=0.7)
        meant = next((known for known in words if near and known.lower() == near[0]), "")
        listed = f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]
        fail("E112", f"{show(word)} is not known here; {f'did you mean {meant}?' if meant else f'write {listed}'}")

    return Rule(read, {"type": "string", "enum": list(words)})
