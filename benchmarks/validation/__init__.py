"""How many seeded defects the mechanical part of validation catches, and how often it cries wolf."""
