"""The command line: the only place where store, engine and screen are wired together."""
