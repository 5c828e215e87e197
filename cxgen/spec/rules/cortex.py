"""What Cortex gave its pods and a plain cluster does not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cxgen.spec.containers import Container
from cxgen.spec.diagnose import FieldPath
from cxgen.spec.rules.finding import Context, Finding, containers


def meanings(context: Context) -> Iterator[Finding]:
    """What Cortex gave its pods and a plain cluster does not."""
    api = context.api
    for name in ("max_concurrency", "max_queue_length"):
        if name in api.pod.model_fields_set:
            message = "not enforced: no proxy stands before the container; let the server bound its own work"
            yield Finding("W102", ("pod", name), message)
    several = len(api.pod.containers) > 1
    for path, container in containers(api):
        texts: list[tuple[FieldPath, str]] = [
            ((*path, "env", name), value) for name, value in container.env.items() if isinstance(value, str)
        ]
        for field in ("command", "args"):
            texts += [((*path, field, index), value) for index, value in enumerate(getattr(container, field))]
        names = list(container.env)
        mounted = any(volume.mount_path.startswith("/mnt") for volume in container.volumes)
        for where, value in texts:
            if several and not mounted and re.search(r"(^|[:=\s])/mnt(/|$)", value):
                message = "/mnt is shared between containers by Cortex only; here mount an empty_dir of one name in each of them"
                yield Finding("W107", where, message)
            for variable in re.findall(r"(?<!\$)\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)", value):
                # Kubernetes expands variables that stand before, and sets those of its own Service.
                known = names[: names.index(str(where[-1]))] if "env" in where[-2:-1] else names
                ours = variable in known or variable == "CXGEN_POD_ID" or variable.startswith("KUBERNETES_")
                if not ours and (variable.startswith("CORTEX_") or not _runs_shell(container)):
                    later = variable in names
                    was = "is set only later in env" if later else "is not set"
                    was = "was set by Cortex and is not here" if variable.startswith("CORTEX_") and not later else was
                    cure = f"move {variable} before it" if later else f"set {variable} in env"
                    message = f"$({variable}) {was}, so the text stays as it is; {cure}, or write $$({variable})"
                    yield Finding("W109", where, message)


def _runs_shell(container: Container) -> bool:
    """Whether $(...) is for a shell to replace by what a command prints."""
    return any(re.fullmatch(r"-[a-z]*c", text) for text in (*container.command, *container.args))
