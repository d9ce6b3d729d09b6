"""mission-tui: one engineer supervises agents that work on a repository for days, from one screen."""

__version__ = "0.1.0"
