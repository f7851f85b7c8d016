"""Finds backends by the name of their file, and imports one only when it is asked for.

A package of backends is a folder with `base.py` and one module each; `BACKEND = ...` in it says which class it offers.
So adding a backend is adding a file, and listing them loads none of their libraries.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Generic, TypeVar

from core.errors import MissingDependencyError, UnknownNameError

T = TypeVar("T")


class Registry(Generic[T]):
    """The backends of one package, for example `Registry[Embedder]("core.embedding", "embedder")`."""

    def __init__(self, package: str, kind: str, extra: str = "models") -> None:
        self.package = package
        self.kind = kind
        self.extra = extra

    def names(self) -> list[str]:
        """The known names, sorted; nothing is imported but the package itself."""
        package = importlib.import_module(self.package)
        found = (module.name for module in pkgutil.iter_modules(package.__path__))
        return sorted(name for name in found if name != "base" and not name.startswith("_"))

    def __iter__(self) -> Iterator[str]:
        """The known names, sorted; so `name in registry` asks whether there is one."""
        return iter(self.names())

    def load(self, name: str) -> type[T]:
        """The class behind a name.

        Raises UnknownNameError with the known names, or MissingDependencyError with the command that installs the rest.
        """
        if name not in self.names():
            raise UnknownNameError(f"no {self.kind} is called {name!r}; known are {', '.join(self.names())}")
        try:
            module = importlib.import_module(f"{self.package}.{name}")
        except ModuleNotFoundError as missing:
            if (missing.name or "").split(".")[0] in {"core", "tools", "agent"}:
                raise
            command = f"pip install 'earshot[{self.extra}]'"
            message = f"{self.kind} {name!r} needs the package {missing.name}; install it with: {command}"
            raise MissingDependencyError(message) from missing
        backend: type[T] = module.BACKEND
        return backend
