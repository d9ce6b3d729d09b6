"""Real servers and other helpers that several tests share."""
