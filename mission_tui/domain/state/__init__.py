"""The parts of a mission's state, one module per noun; each is the fold of that noun's events."""
