"""Containers: their names, images, variables and volumes."""

from __future__ import annotations

from collections.abc import Iterator

from cxgen.spec.containers import EnvReference
from cxgen.spec.rules.finding import Context, Finding, containers

# Tags that teams move from image to image.
_MOVING = frozenset(
    [
        "latest",
        "main",
        "master",
        "trunk",
        "develop",
        "dev",
        "edge",
        "nightly",
        "stable",
        "staging",
        "prod",
        "production",
        "canary",
        "head",
        "release",
    ]
)


def names(context: Context) -> Iterator[Finding]:
    """A pod has containers, and each has a name of its own."""
    if not context.api.pod.containers:
        yield Finding("E224", ("pod", "containers"), "a pod needs a container; write one with name and image")
    seen: set[str] = set()
    for path, container in containers(context.api):
        if container.name in seen:
            yield Finding("E202", (*path, "name"), f'"{container.name}" is the name of another container too; choose another')
        seen.add(container.name)


def images(context: Context) -> Iterator[Finding]:
    """A tag that moves runs another image in each pod that starts."""
    for path, container in containers(context.api):
        if "@" in container.image:
            continue
        tag = container.image.rpartition("/")[2].partition(":")[2]
        if context.project.require_digest:
            message = "has no digest, and cxgen.yaml says require_digest; write it with @sha256: and the digest that the registry names"
            yield Finding("E239", (*path, "image"), message)
        elif not tag or tag.lower() in _MOVING:
            what = f"{tag} is a tag that moves" if tag else "no tag means latest, which moves"
            yield Finding("W101", (*path, "image"), f"{what}: two pods may run different images; write a version or a digest")


def variables(context: Context) -> Iterator[Finding]:
    """A reference names one source."""
    for path, container in containers(context.api):
        for name, value in container.env.items():
            if isinstance(value, EnvReference) and len(value.given) != 1:
                yield one_of((*path, "env", name), value.given, value.one_of)


def volumes(context: Context) -> Iterator[Finding]:
    """A volume has one source and a path of its own; what shares a folder agrees on what it is."""
    shared: dict[str, object] = {}
    for path, container in containers(context.api):
        taken = {"/dev/shm"} if container.compute.shm else set()  # noqa: S108  # a mount, not a file of ours
        for index, volume in enumerate(container.volumes):
            here = (*path, "volumes", index)
            if len(volume.given) != 1:
                yield one_of(here, volume.given, volume.one_of)
            if volume.mount_path in taken:
                message = f"{volume.mount_path} is mounted twice in this container; keep one"
                yield Finding("E227", (*here, "mount_path"), message, ((*path, "compute", "shm"),))
            taken.add(volume.mount_path)
            folder = volume.empty_dir
            if folder and folder.name and shared.setdefault(folder.name, folder) != folder:
                message = f"{folder.name} is shared, and elsewhere it has another size_limit or medium; write the same in both"
                yield Finding("E227", (*here, "empty_dir"), message)


def one_of(path: tuple[str | int, ...], given: tuple[str, ...], names: tuple[str, ...]) -> Finding:
    """What is said where exactly one of some fields must stand."""
    what = " and ".join(given) if given else "nothing"
    message = f"names {what}; write exactly one of {', '.join(names[:-1])} and {names[-1]}"
    where = (*path, given[-1]) if given else path  # the last is the one too many
    return Finding("E212", where, message, tuple((*path, name) for name in names), not given)
