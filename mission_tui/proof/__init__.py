"""Proof: check steps carried out for real, in a box, with the evidence that a verdict needs."""
