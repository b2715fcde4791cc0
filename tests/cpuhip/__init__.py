"""A stand-in for a GPU: real CuPy runs on the CPU. README.md says how, and what that proves."""
