"""Pictures of a library, still and moving. Each module draws one kind from plain data and writes it to a file.

Matplotlib is loaded when something is drawn, never when a module of this package is imported.
"""
