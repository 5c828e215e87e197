"""Which nodes are meant by groups of nodes: a decision that rules and plan share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cxgen.spec.models import RealtimeAPI
from cxgen.spec.project import Environment

Labels = Mapping[str, str]
Literal = tuple[str, str, str]  # label, In or NotIn, value
MOST_TERMS = 64


def terms(wanted: Iterable[Labels], unwanted: Iterable[Labels]) -> list[tuple[Literal, ...]]:
    """What a node must meet one of, all of it: to be of one of the wanted groups, and to differ in some label from each unwanted one.

    Nothing where every node will do; where none will, the terms contradict themselves. Stops beyond MOST_TERMS.
    """
    found: dict[tuple[Literal, ...], None] = {}
    smallest = _smallest(unwanted)
    for labels in list(wanted) or [{}]:
        here = tuple((label, "In", value) for label, value in sorted(labels.items()))
        found |= dict.fromkeys(_others(here, labels, smallest))
    return [term for term in found if term]


def _smallest(groups: Iterable[Labels]) -> list[Labels]:
    """The groups without those whose nodes are of another of them anyway."""
    distinct = [dict(pairs) for pairs in dict.fromkeys(tuple(sorted(group.items())) for group in groups)]
    return [group for group in distinct if not any(other.items() < group.items() for other in distinct)]


def _others(here: tuple[Literal, ...], labels: Labels, unwanted: list[Labels]) -> list[tuple[Literal, ...]]:
    made = [here]
    for group in unwanted:
        if any(labels.get(label, value) != value for label, value in group.items()):
            continue  # nodes with another value of a label are of another group by that alone
        literals = [(label, "NotIn", value) for label, value in sorted(group.items())]
        # What the wanted group says of a label needs no more; where it says all, the terms contradict themselves.
        literals = [literal for literal in literals if literal[0] not in labels] or literals
        following = []
        for term in made:
            # What a term rules out already needs no more.
            following += [term] if any(literal in term for literal in literals) else [(*term, literal) for literal in literals]
        made = following[: MOST_TERMS + 1]
    return made


def contradicts(term: tuple[Literal, ...], selector: Labels) -> bool:
    """Whether no node can meet a term and have the labels of a selector."""
    given = {**selector, **{label: value for label, operator, value in term if operator == "In"}}
    ruled_out = any(given.get(label) == value for label, operator, value in term if operator == "NotIn")
    return ruled_out or any(given[label] != value for label, value in selector.items())


def selector(api: RealtimeAPI, environment: Environment) -> dict[str, str]:
    """The labels that a node must have: those that are named, and the type of the GPUs."""
    found = dict(api.node_selector)
    for container in api.pod.containers:
        if container.compute.gpu and container.compute.gpu_type:
            found.setdefault(environment.gpu_type_label, container.compute.gpu_type)
    return found


def terms_of(api: RealtimeAPI, environment: Environment) -> list[tuple[Literal, ...]]:
    """The terms of an API: its node groups, and off the spot nodes where it may not be there."""
    groups = environment.node_groups
    named = [groups[name].node_selector for name in api.node_groups if name in groups]
    return terms(named, [] if api.spot else [group.node_selector for group in groups.values() if group.spot])
