"""Which numbers can be ids: what SQLite counts to. No statement may be given any other number."""

LARGEST_ID = 2**63 - 1


def can_be_id(number: int) -> bool:
    """Whether a number could be somebody's id; ids begin at 1."""
    return 0 < number <= LARGEST_ID
