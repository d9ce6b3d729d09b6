"""`python -m mission_tui`, and the console script."""

from mission_tui.cli.main import main

if __name__ == "__main__":
    main()
