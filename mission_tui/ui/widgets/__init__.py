"""What screens and panes are made of."""
