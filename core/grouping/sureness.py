"""How sure a person may be of a group, in a sentence: whether it comes back, and whether its name is true."""

from core.records import WEAK_NAME

FIRM, LOOSE = 0.75, 0.6
"""Stability from which a group is a valid one, and below which it should not be trusted. Source: Hennig, Cluster-wise
assessment of cluster stability, 2007, section 6."""


def how_sure(
    stability: float | None, name_auc: float | None, named_by: str = "builtin", *, is_edit: bool = False
) -> str:
    """What to think of a group: "It holds still: made anew from parts of the sounds it comes back to 93 % ..."."""
    return " ".join([_held(stability, is_edit), *([_named(name_auc, named_by)] if name_auc is not None else [])])


def _held(stability: float | None, is_edit: bool) -> str:
    if stability is None:
        return f"How firm it is was not measured{', as it was changed by hand' if is_edit else ''}."
    share = f"made anew from parts of the sounds it comes back to {100 * stability:.0f} % beyond chance"
    if stability >= FIRM:
        return f"It holds still: {share}."
    return f"It is {'a tendency more than a group' if stability >= LOOSE else 'not to be trusted'}: {share} only."


def _named(name_auc: float, named_by: str) -> str:
    whose = "The name that you gave it" if named_by == "person" else "Its name"
    found = f"a search for it puts a sound of the group before another one {100 * name_auc:.0f} times of 100"
    return f"{whose} {'is weak' if name_auc < WEAK_NAME else 'fits'}: {found}."
