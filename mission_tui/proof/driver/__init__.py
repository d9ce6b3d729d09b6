"""The program that runs inside the box: it makes requests, drives the browser and the terminal.

It is started by its path, not imported: it must not need the rest of the product.
"""
