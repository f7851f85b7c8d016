"""What can go wrong that a person can mend. One sentence each: the thing, the value, then the next step.

Anything else that is raised is our own mistake and is shown as one.
"""


class EarshotError(Exception):
    """A problem whose message may be shown to the person as it is."""


class AudioError(EarshotError):
    """A file, or a stretch of it, cannot be heard. `name` is the file's, `reason` says why and what to do."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


class UnknownNameError(EarshotError):
    """A backend, setting or choice that does not exist; the message lists those that do."""


class NotFoundError(EarshotError):
    """A sound, chunk, cluster, clustering or path that does not exist."""


class MissingDependencyError(EarshotError):
    """A part needs a package that is not installed; the message holds the exact command."""


class UnsupportedError(EarshotError):
    """A part was asked for something that it cannot do."""


class LibraryBusyError(EarshotError):
    """Another process is writing; the message says which and since when."""


class LibraryVersionError(EarshotError):
    """The library was written by a newer program than this one."""


class CancelledError(EarshotError):
    """The person stopped the work; what was finished by then is kept."""
