"""Where agents work: repositories, boxes and the environments inside them."""
