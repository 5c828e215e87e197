"""YAML in and out. Reading gives nodes that know their place and how each scalar was spelled; writing quotes every string.

Reading uses libyaml's events, not its loader: no types are guessed here (`yes`, `1e3` and `1.10` stay as spelled until a
field says what it wants), nothing is constructed from tags, and depth and size are bounded while reading.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from cxgen.errors import Diagnostic, InvalidInput
from cxgen.secrets import secret_in

MAX_BYTES = 1 << 20
MAX_DEPTH = 50
# Values of a file once its aliases are written out; a long text counts as one more for each TEXT characters.
MAX_SIZE = 100_000
TEXT = 100

# Kubernetes' tools refuse these or change them: kustomize and Go's YAML reader, as tried.
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_FORBIDDEN_IN_FILE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_CONFLICT = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)
_SIMPLE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_WORDS = frozenset(("yes", "no", "on", "off", "true", "false", "null"))  # what some reader takes for something else
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]+")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


_encode = json.JSONEncoder(ensure_ascii=False).encode


class Plain(str):
    """A scalar that was written without quotes; its type is for the field to decide."""

    __slots__ = ()


def cut(text: str) -> str:
    """A text as messages show it: shortened where it is long, and not at all where it looks like a secret."""
    if secret_in(text):
        return "(hidden)"
    return text if len(text) <= 60 else f"{text[:57]}..."


@dataclass(slots=True)
class Node:
    """A value and where it stands. `key_line` and `key_column` are those of its key, where it has one."""

    value: str | dict[str, Node] | list[Node] | None
    line: int = 0
    column: int = 0
    key_line: int = 0
    key_column: int = 0
    # The field as the user wrote it, where the node was moved (the shorthand); None where its path says it.
    written: str | None = None
    file: str = ""  # where it stands, if not in the file of the document that it is part of
    size: int = 1  # of the whole value, as MAX_SIZE counts
    height: int = 0  # how deep it nests

    def plain(self) -> Any:
        """The value as Python dicts, lists, str, Plain and None."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def at(self, path: Sequence[str | int]) -> tuple[Node, str, bool]:
        """The node at a path, the path as the user wrote it, and whether all of it exists (else: the nearest parent)."""
        node, written, found = self, "", True
        for step in path:
            child: Node | None = None
            if found:
                if isinstance(node.value, dict) and isinstance(step, str):
                    child = node.value.get(step)
                elif isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
                    child = node.value[step]
            found = child is not None
            written = child.written if child is not None and child.written is not None else below(written, step)
            node = child if child is not None else node
        return node, written, found


def below(written: str, step: str | int) -> str:
    """A path one step further down, as people write it."""
    if isinstance(step, int):
        return f"{written}[{step}]"
    if not _SIMPLE_KEY.fullmatch(step):
        return f'{written}["{cut(step)}"]'
    return f"{written}.{cut(step)}" if written else cut(step)


@dataclass(slots=True)
class _Frame:
    """A collection that is being read."""

    node: Node
    anchor: str | None
    key: str | None = None
    key_line: int = 0
    key_column: int = 0
    merges: list[Node] = field(default_factory=list)


def decode(data: bytes, file: str) -> str:
    """The text of a spec file; raises InvalidInput where it is not UTF-8 or holds characters that no tool keeps."""
    if len(data) > MAX_BYTES:
        raise InvalidInput(Diagnostic("E011", "larger than 1 MiB; split it into files of a few APIs each", file))
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise InvalidInput(Diagnostic("E002", "starts with a byte-order mark; save it as UTF-8 without one", file, 1, 1))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidInput(Diagnostic("E002", f"byte {error.start} is not UTF-8; save the file as UTF-8", file, line)) from None
    if match := _FORBIDDEN_IN_FILE.search(text):
        line = text.count("\n", 0, match.start()) + 1
        column = match.start() - text.rfind("\n", 0, match.start())
        raise InvalidInput(Diagnostic("E008", f"{_name(match[0])} cannot be kept by Kubernetes' tools; remove it", file, line, column))
    return text


def read(text: str, file: str) -> tuple[list[Node], list[Diagnostic]]:
    """The documents of a YAML text, empty ones left out, and what is wrong with them short of their syntax.

    Raises InvalidInput with all that was found where the text cannot be read to its end.
    """
    reader = _Reader(file)
    try:
        events = _Loader(text)
        while events.check_event():
            reader.take(events.get_event())
    except yaml.MarkedYAMLError as error:
        if conflict := _CONFLICT.search(text):
            place = text.count("\n", 0, conflict.start()) + 1
            raise InvalidInput(Diagnostic("E003", "holds a merge conflict; resolve it", file, place, 1)) from None
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        line = text.split("\n")[mark.line] if mark and mark.line < text.count("\n") + 1 else ""
        tab = "\t" in line[: len(line) - len(line.lstrip())]
        cure = "indent with spaces, not tabs" if tab else "check the indentation, quotes and colons here"
        reader.stop("E003", f"not YAML: {what}; {cure}", mark)
    except yaml.YAMLError as error:
        reader.stop("E003", f"not YAML: {error}; save it as plain UTF-8 text", None)
    return [node for node in reader.documents if node.value is not None], reader.diagnostics


class _Reader:
    """Builds nodes from events, without recursion, so that depth costs nothing but the bound."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.documents: list[Node] = []
        self.diagnostics: list[Diagnostic] = []
        self.stack: list[_Frame] = []
        self.anchors: dict[str, Node | None] = {}
        self.size = 0

    def fail(self, code: str, message: str, mark: Any) -> None:
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        self.diagnostics.append(Diagnostic(code, message, self.file, line, column))

    def stop(self, code: str, message: str, mark: Any) -> NoReturn:
        self.fail(code, message, mark)
        raise InvalidInput(*self.diagnostics)

    def count(self, size: int, mark: Any) -> None:
        """Ends a file that grows beyond measure, before it has."""
        self.size += size
        if self.size > MAX_SIZE:
            self.stop("E011", f"more than {MAX_SIZE:,} values, its aliases written out; split the file", mark)

    def nest(self, height: int, mark: Any) -> None:
        """Ends a file whose values nest too deep; an alias or a merge brings its own depth."""
        if len(self.stack) + height > MAX_DEPTH:
            self.stop("E011", f"nested more than {MAX_DEPTH} deep; no spec needs that", mark)

    def take(self, event: Any) -> None:
        kind, mark = type(event), event.start_mark
        if kind is yaml.ScalarEvent:
            self.scalar(event, mark)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self.start(event, mark)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self.end()
        elif kind is yaml.AliasEvent:
            self.alias(event, mark)
        elif kind is yaml.DocumentStartEvent:
            self.anchors = {}

    def scalar(self, event: Any, mark: Any) -> None:
        text = event.value
        plain = not event.style and event.implicit[0] and event.tag is None
        if event.tag is not None and event.tag not in ("tag:yaml.org,2002:str", "!"):
            self.fail("E005", f"the tag {_tag(event.tag)} is not supported; remove it", mark)
        if character := FORBIDDEN.search(text):
            self.fail("E008", f"{_name(character[0])} cannot be kept by Kubernetes' tools; remove it", mark)
            text = FORBIDDEN.sub("", text)
        value = None if plain and text in _NULL else Plain(text) if plain else text
        node = Node(value, mark.line + 1, mark.column + 1, size=1 + len(text) // TEXT)
        self.count(node.size, mark)
        frame = self.stack[-1] if self.stack else None
        if frame is None or not isinstance(frame.node.value, dict) or frame.key is not None:
            self.put(node, event.anchor)
            return
        self.key(frame, text, plain, mark)
        if event.anchor:
            self.anchors[event.anchor] = node

    def key(self, frame: _Frame, text: str, plain: bool, mark: Any) -> None:
        assert isinstance(frame.node.value, dict)
        first = frame.node.value.get(text)
        if first is not None and not (plain and text == "<<"):
            self.fail("E004", f'"{text}" is written twice, first in line {first.key_line}; keep one of them', mark)
        frame.key, frame.key_line, frame.key_column = text, mark.line + 1, mark.column + 1
        if plain and text == "<<":
            frame.key = "<<\0"  # no spec can hold this key, so a quoted "<<" stays a key

    def start(self, event: Any, mark: Any) -> None:
        if event.tag is not None:
            self.fail("E005", f"the tag {_tag(event.tag)} is not supported; remove it", mark)
        frame = self.stack[-1] if self.stack else None
        if frame is not None and isinstance(frame.node.value, dict) and frame.key is None:
            self.stop("E009", "a map or list cannot be a key; write a word, and text that begins with { or [ in quotes", mark)
        self.nest(1, mark)
        empty: dict[str, Node] | list[Node] = {} if type(event) is yaml.MappingStartEvent else []
        self.count(1, mark)
        self.stack.append(_Frame(Node(empty, mark.line + 1, mark.column + 1), event.anchor))
        if event.anchor:
            self.anchors[event.anchor] = None

    def end(self) -> None:
        frame = self.stack.pop()
        value = frame.node.value
        if isinstance(value, dict):
            for merged in frame.merges:
                assert isinstance(merged.value, dict)
                for key, child in merged.value.items():
                    value.setdefault(key, child)
            frame.node.size += sum(len(key) // TEXT for key in value)
        children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        frame.node.size += sum(child.size for child in children)
        frame.node.height = 1 + max((child.height for child in children), default=0)
        self.nest(frame.node.height, _Mark(frame.node))
        self.put(frame.node, frame.anchor)

    def alias(self, event: Any, mark: Any) -> None:
        node = self.anchors.get(event.anchor)
        if self.stack and isinstance(self.stack[-1].node.value, dict) and self.stack[-1].key is None:
            self.stop("E009", "an alias cannot be a key; write a word", mark)
        if node is None:
            what = "refers to itself" if event.anchor in self.anchors else "has no anchor"
            self.stop("E006", f"the alias *{event.anchor} {what}; write the value out", mark)
        self.count(node.size, mark)
        self.nest(node.height, mark)
        self.put(Node(node.value, mark.line + 1, mark.column + 1, size=node.size, height=node.height), None)

    def put(self, node: Node, anchor: str | None) -> None:
        """Hangs a finished node into the collection that is open, or ends a document with it."""
        if anchor:
            self.anchors[anchor] = node
        if not self.stack:
            self.documents.append(node)
            return
        frame = self.stack[-1]
        if isinstance(frame.node.value, list):
            frame.node.value.append(node)
            return
        assert isinstance(frame.node.value, dict) and frame.key is not None
        if frame.key == "<<\0":
            merged = node.value if isinstance(node.value, list) else [node]
            maps = [entry for entry in merged if isinstance(entry.value, dict)]
            if len(maps) != len(merged):
                self.fail("E103", "<< merges maps; give it an alias of a map", _Mark(node))
            frame.merges.extend(maps)
        else:
            node.key_line, node.key_column = frame.key_line, frame.key_column
            frame.node.value.setdefault(frame.key, node)
        frame.key = None


class _Mark:
    """A node's place in the terms of libyaml's marks."""

    def __init__(self, node: Node) -> None:
        self.line, self.column = node.line - 1, node.column - 1


def _tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


def _name(character: str) -> str:
    return f"the character U+{ord(character):04X}"


def objects(text: str, file: str) -> list[Any]:
    """The documents of rendered manifests as Python values, numbers and booleans resolved as YAML 1.2 has them.

    Raises InvalidInput where the text is not YAML.
    """
    documents, diagnostics = read(text, file)
    if diagnostics:
        raise InvalidInput(*diagnostics)
    return [_typed(node) for node in documents]


def _typed(node: Node) -> Any:
    value = node.value
    if isinstance(value, dict):
        return {key: _typed(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_typed(child) for child in value]
    if not isinstance(value, Plain):
        return value
    if value in _BOOL:
        return _BOOL[value]
    if _INTEGER.fullmatch(value):
        return int(value)
    return float(value) if _FLOAT.fullmatch(value) else str(value)


def quote(text: str) -> str:
    """A string as a double-quoted scalar, which YAML 1.1, 1.2 and Go readers all read as that string."""
    return _encode(text)


def key(text: str) -> str:
    """A key: bare where it is a word that every YAML reader takes for a string, else quoted."""
    return text if _WORD.fullmatch(text) and text.lower() not in _WORDS else quote(text)


def scalar(value: object) -> str:
    """A string, number, boolean or null on one line; a list or map in flow style."""
    return _encode(value)


def block(data: Mapping[str, Any] | Sequence[Any], indent: int) -> list[str]:
    """The lines of a non-empty map or list in block style, each indented by `indent` spaces."""
    space = " " * indent
    lines: list[str] = []
    if isinstance(data, Mapping):
        for name, value in data.items():
            if value and isinstance(value, Mapping | list | tuple):
                lines += [f"{space}{key(name)}:", *block(value, indent + 2)]
            else:
                lines.append(f"{space}{key(name)}: {scalar(value)}")
        return lines
    for item in data:
        if item and isinstance(item, Mapping | list | tuple):
            first, *rest = block(item, indent + 2)
            lines += [f"{space}- {first.lstrip()}", *rest]
        else:
            lines.append(f"{space}- {scalar(item)}")
    return lines
