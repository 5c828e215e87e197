"""Terms of node affinity, held against every node that there can be."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from cxgen.spec.nodes import MOST_TERMS, Labels, contradicts, terms

_LABELS = "abc"
_GROUP = st.dictionaries(st.sampled_from(_LABELS), st.sampled_from("xy"), min_size=1, max_size=2)
GROUPS = st.lists(_GROUP, max_size=3)
NODES = [
    {label: value for label, value in zip(_LABELS, values, strict=True) if value} for values in itertools.product(["", "x", "y"], repeat=3)
]


def is_of(node: Labels, group: Labels) -> bool:
    return group.items() <= node.items()


def meets(node: Labels, term: tuple[tuple[str, str, str], ...]) -> bool:
    return all((node.get(label) == value) == (operator == "In") for label, operator, value in term)


@given(GROUPS, GROUPS)
def test_pods_run_on_what_is_wanted_and_on_nothing_unwanted(wanted: list[Labels], unwanted: list[Labels]) -> None:
    found = terms(wanted, unwanted)
    for node in NODES:
        allowed = (not wanted or any(is_of(node, group) for group in wanted)) and not any(is_of(node, group) for group in unwanted)
        assert (not found or any(meets(node, term) for term in found)) == allowed


@given(GROUPS, GROUPS, _GROUP)
def test_a_contradiction_is_one(wanted: list[Labels], unwanted: list[Labels], selector: Labels) -> None:
    for term in terms(wanted, unwanted):
        assert contradicts(term, selector) == (not any(meets(node, term) and is_of(node, selector) for node in NODES))


def test_many_groups_of_one_label_are_one_term() -> None:
    unwanted = [{"life": "spot", f"a{number}": "x", f"b{number}": "x"} for number in range(200)]
    assert len(terms([], [{"life": "spot"}, *unwanted])) == 1
    assert len(terms([], unwanted)) > MOST_TERMS
