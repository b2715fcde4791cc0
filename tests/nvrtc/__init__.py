"""NVIDIA's own compiler takes every kernel. README.md says how, and what that proves."""
