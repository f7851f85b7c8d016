"""The groups of a library: made, told in words, checked, changed by hand and kept in versions."""
