"""Figures that the documentation names, each beside a baseline from the same run."""
