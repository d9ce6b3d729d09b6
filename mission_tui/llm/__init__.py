"""Models behind the `Model` port: any provider through litellm, scripted ones for the demo and tests, and retries.

Importing this package loads no litellm; `seats.preload` does, in a thread.
"""
