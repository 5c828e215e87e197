"""Probes and hooks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from cxgen.secrets import secret_in
from cxgen.spec.containers import Container, PreStop, Probe
from cxgen.spec.diagnose import FieldPath
from cxgen.spec.rules.containers import one_of
from cxgen.spec.rules.finding import Context, Finding, containers

PROBES = ("readiness_probe", "liveness_probe", "startup_probe")
_LOOPBACK = re.compile(r"(127(\.[0-9]{1,3}){3}|localhost|\[?::1\]?)(:[0-9]+)?")
_HOST = re.compile(r"--?(b|bind|host|listen|address|addr)")
_PORT = re.compile(r"--?(p|port|http-port|http_port|server-port)")


def handlers(context: Context) -> Iterator[Finding]:
    """A probe or hook does one thing."""
    for path, container in containers(context.api):
        for name in PROBES:
            probe: Probe | None = getattr(container, name)
            if probe is None:
                continue
            yield from _handler((*path, name), probe)
            if name != "readiness_probe" and probe.success_threshold != 1:
                message = f"{probe.success_threshold} is not possible here: Kubernetes wants 1; leave it out"
                yield Finding("E213", (*path, name, "success_threshold"), message)
        if container.pre_stop is not None:
            yield from _handler((*path, "pre_stop"), container.pre_stop)


def _handler(path: FieldPath, probe: Probe | PreStop) -> Iterator[Finding]:
    if len(probe.given) != 1:
        yield one_of(path, probe.given, probe.one_of)
    if probe.exec is not None and not probe.exec.command:
        yield Finding("E224", (*path, "exec", "command"), 'an empty command cannot run; write one such as ["cat", "/tmp/ready"]')


def readiness(context: Context) -> Iterator[Finding]:
    """Traffic comes when the readiness probes say so."""
    api = context.api
    probes = [container.readiness_probe for container in api.pod.containers]
    asks = [probe is not None and bool(probe.given) for probe in probes]
    if probes and all(asks) and not any(serves(probe, api.pod.port) for probe in probes):
        message = f"no readiness probe looks at port {api.pod.port}, so traffic can come before it is open; use http_get or tcp_socket"
        yield Finding("W110", ("pod", "containers", 0, "readiness_probe"), message, (("pod", "port"),))


def serves(probe: Probe | None, port: int) -> bool:
    """Whether a probe looks at a port (that of the pod where it names none)."""
    if probe is None:
        return False
    handler = probe.http_get or probe.tcp_socket
    return handler is not None and (handler.port or port) == port


def never_pass(context: Context) -> Iterator[Finding]:
    """What can be seen in a spec of a probe that fails for ever."""
    api = context.api
    for path, container in containers(api):
        for name in PROBES:
            probe: Probe | None = getattr(container, name)
            if probe and probe.exec and len(probe.exec.command) == 1 and " " in (text := probe.exec.command[0]).strip():
                words = "its words one by one" if secret_in(text) else f"[{', '.join(json.dumps(word) for word in text.split()[:4])}]"
                message = f"no program has such a name, so the probe never passes: a command is not run in a shell; write {words}"
                yield Finding("W119", (*path, name, "exec", "command"), message)
    if len(api.pod.containers) == 1:  # with several, another one may be the one that serves
        yield from _elsewhere(api.pod.containers[0], api.pod.port)


def _elsewhere(container: Container, port: int) -> Iterator[Finding]:
    """Options and variables that let the only container listen where neither a probe nor the Service looks for it."""
    path: FieldPath = ("pod", "containers", 0)
    options = [((*path, field, index), text) for field in ("command", "args") for index, text in enumerate(getattr(container, field))]
    for number, (here, text) in enumerate(options):
        option, equals, value = text.partition("=")
        where = here
        if not equals and number + 1 < len(options):
            where, value = options[number + 1]
        if _HOST.fullmatch(option) and _LOOPBACK.fullmatch(value):
            message = f"{value} is reached from inside the pod only, so no probe passes and no request comes; write 0.0.0.0"
            yield Finding("W119", where, message)
        # -p is also the number of processes.
        is_port = re.fullmatch(r"[0-9]{2,5}", value) and (len(option) > 2 or int(value) >= 1024)
        if _PORT.fullmatch(option) and is_port and int(value) != port:
            yield _other_port(where, value, port)
    value = str(container.env.get("PORT", port))
    if re.fullmatch(r"[0-9]{1,5}", value) and int(value) != port:
        yield _other_port((*path, "env", "PORT"), value, port)


def _other_port(path: FieldPath, value: str, port: int) -> Finding:
    message = f"the server is told to listen on {value}, and port is {port}, where probes and requests go; write port: {value}"
    return Finding("W119", path, message, (("pod", "port"),))
