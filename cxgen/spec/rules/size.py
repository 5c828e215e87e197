"""How large an API may become."""

from __future__ import annotations

import json
from collections.abc import Iterator

from cxgen.spec.containers import Container, EnvReference, Volume
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
    for path, texts_in in (
        (
            ("tolerations",),
            [text for found in api.tolerations for text in (found.key or "", found.value or "", "operator, effect, seconds")],
        ),
        (("image_pull_secrets",), list(api.image_pull_secrets)),
    ):
        sizes[path] = sum(_json(text) + _TEXT for text in texts_in)
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
        "env": [text for name, value in container.env.items() for text in (name, *_of_variable(value))],
        "volumes": [text for volume in container.volumes for text in (volume.mount_path, volume.sub_path or "", *_of_volume(volume))],
    }
    for name in ("readiness_probe", "liveness_probe", "startup_probe", "pre_stop"):
        handler = getattr(container, name)
        if handler is not None:
            texts = [*(handler.exec.command if handler.exec else ()), handler.http_get.path if handler.http_get else ""]
            found[name] = texts * (2 if name == "liveness_probe" else 1)  # a startup probe is made of it
    return found


def _of_variable(value: str | EnvReference) -> list[str]:
    if isinstance(value, str):
        return [value]
    refs = [text for ref in (value.secret, value.config_map) if ref for text in (ref.name, ref.key)]
    return [*refs, value.field or "", value.value or "", "valueFrom, secretKeyRef, name, key"]


def _of_volume(volume: Volume) -> list[str]:
    """A source is named in the volume, in the volume's name and in the mount."""
    refs = [ref.name for ref in (volume.secret, volume.config_map, volume.persistent_volume_claim) if ref]
    return [*refs, *(name[:63] for name in refs), "persistentVolumeClaim, claimName", "name, mountPath, readOnly" * 2]


def _json(text: str) -> int:
    """The bytes of a text in JSON as Go writes it, and of what stands around it."""
    return _TEXT + len(json.dumps(text, ensure_ascii=False).encode()) + 5 * sum(map(text.count, "<>&"))
