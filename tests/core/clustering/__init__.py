"""Tests of what surrounds the methods of clustering."""
