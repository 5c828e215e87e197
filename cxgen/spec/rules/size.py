"""How large an API may become."""

from __future__ import annotations

import json
from collections.abc import Iterator

from cxgen.spec.containers import Container
from cxgen.spec.diagnose import FieldPath
from cxgen.spec.rules.finding import Context, Finding, containers

# What the annotations of an object may have together: k8s.io/apimachinery, pkg/api/validation, TotalAnnotationSizeLimitB.
# Argo CD, like kubectl apply, keeps the whole object in one of them (last-applied-configuration), as Go writes JSON.
MAX_ANNOTATIONS = 256 * 1024
# What a Deployment holds beside the texts of its spec, rounded up.
_OBJECT, _CONTAINER, _TEXT = 4096, 4096, 12


def texts(context: Context) -> Iterator[Finding]:
    """The texts of an API come to no more than Argo CD can apply."""
    api = context.api
    sizes: dict[FieldPath, int] = {("pod",): _OBJECT + len(api.pod.containers) * _CONTAINER}
    for path, container in containers(api):
        sizes |= {(*path, name): sum(map(_json, texts)) for name, texts in _texts(container).items()}
    annotations = [text for pair in api.annotations.items() for text in pair]
    sizes[("annotations",)] = sum(_json(text) + len(text.encode()) for text in annotations)
    for path, texts_of in (
        (("labels",), api.labels),
        (("pod", "labels"), api.pod.labels),
        (("pod", "annotations"), api.pod.annotations),
        (("node_selector",), api.node_selector),
    ):
        sizes[path] = sum(_json(text) for pair in texts_of.items() for text in pair)
    size = sum(sizes.values())
    if size > MAX_ANNOTATIONS:
        message = (
            f"the largest part of an API that comes to {size:,} bytes once rendered, annotations counted twice; Argo CD can apply "
            f"{MAX_ANNOTATIONS:,}, so shorten it, or put it into the image"
        )
        yield Finding("E225", max(sizes, key=sizes.__getitem__), message)


def _texts(container: Container) -> dict[str, list[str]]:
    """All that a container's spec brings into its pod template, by field."""
    found = {
        "image": [container.image],
        "command": list(container.command),
        "args": list(container.args),
        "env": [text for name, value in container.env.items() for text in (name, value if isinstance(value, str) else value.value or "")],
    }
    for name in ("readiness_probe", "liveness_probe", "startup_probe", "pre_stop"):
        handler = getattr(container, name)
        if handler is not None:
            texts = [*(handler.exec.command if handler.exec else ()), handler.http_get.path if handler.http_get else ""]
            found[name] = texts * (2 if name == "liveness_probe" else 1)  # a startup probe is made of it
    return found


def _json(text: str) -> int:
    """The bytes of a text in JSON as Go writes it, and of what stands around it."""
    return _TEXT + len(json.dumps(text, ensure_ascii=False).encode()) + 5 * sum(map(text.count, "<>&"))
