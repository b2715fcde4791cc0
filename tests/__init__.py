"""The suite. Most of it is generated from the table of operations in ``tests.table``."""
