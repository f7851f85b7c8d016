"""What the page remembers of each chat."""

from agent.history.layer import History

__all__ = ["History"]
