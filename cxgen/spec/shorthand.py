"""The shorthand: fields at the top of a layer that belong to the one container `api`, or to the pod."""

from __future__ import annotations

from cxgen.errors import Diagnostic
from cxgen.spec import layers, models
from cxgen.yamlio import Node, below

API = "api"  # the container that the shorthand makes, or edits in another layer


def expand(node: Node, file: str) -> tuple[Node, list[Diagnostic]]:
    """Moves the shorthand of a layer to where it belongs: `image` and its like into a container `api`, `port` into the pod."""
    assert isinstance(node.value, dict)
    fields = dict(node.value)
    short = {name: fields.pop(name) for name in models.SHORTHAND if name in fields}
    port = fields.pop(models.SHORTHAND_PORT, None)
    if not short and port is None:
        return node, []
    pod = fields.get("pod")
    if pod is not None and pod.value is not None and not isinstance(pod.value, dict):
        return layers.like(node, fields), []  # the wrong type of `pod` is reported, and says enough
    inside = dict(pod.value) if pod is not None and isinstance(pod.value, dict) else {}
    diagnostics = []
    listed = inside.get("containers")
    if listed is not None and listed.value is not None and short:
        name, first = next(iter(short.items()))
        message = "stands beside pod.containers; move it into one of the containers there, or write the spec with the shorthand alone"
        diagnostics = [Diagnostic("E107", message, first.file or file, first.line, first.column, first.written or name)]
    elif short:
        # What the container lacks, the layer lacks.
        api = {name: _moved(child, name) for name, child in short.items()}
        here = Node(None, node.line, node.column, written=node.written or "", file=node.file)
        inside["containers"] = layers.like(here, [layers.like(here, {"name": layers.like(here, API), **api})])
    if port is not None:
        if "port" in inside:
            message = "stands beside pod.port; keep one of them"
            diagnostics.append(Diagnostic("E107", message, port.file or file, port.line, port.column, port.written or "port"))
        else:
            inside["port"] = _moved(port, "port")
    place = pod or Node(None, node.line, node.column, written=node.written and below(node.written, "pod"), file=node.file)
    fields["pod"] = layers.like(place, inside)
    return layers.like(node, fields), diagnostics


def _moved(node: Node, written: str) -> Node:
    return Node(node.value, node.line, node.column, node.key_line, node.key_column, node.written or written, node.file)
