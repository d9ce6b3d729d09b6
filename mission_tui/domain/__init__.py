"""The nouns of a mission, the facts that change them, and the gates: pure, no I/O, no clock."""
