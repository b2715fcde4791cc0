"""How fast tinydl is beside PyTorch: `make bench`. README.md says how to use it."""
