"""tinydl: MATLAB's custom training loops in Python, on NumPy."""

__version__ = "0.1.0"
