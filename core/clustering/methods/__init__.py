"""Methods of clustering: each module groups points in its way. See `base.py` for what every one of them promises."""

from core.clustering.methods.base import Found, Labels, Method, Points
from core.registry import Registry

METHODS: Registry[Method] = Registry("core.clustering.methods", "clustering method")

__all__ = ["METHODS", "Found", "Labels", "Method", "Points"]
