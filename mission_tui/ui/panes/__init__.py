"""The panes of the mission screen, one module each, with the rows they show beside them."""
