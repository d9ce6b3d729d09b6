"""The report of a mission: one HTML file for people, and the raw JSON beside it."""
