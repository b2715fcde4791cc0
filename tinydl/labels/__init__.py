"""Labels of dimensions, and the arrays that carry them.

``format``    the algebra of formats such as "SSCB", on strings alone
``classes``   single, double, logical: what an array may be, and what two of them become
``align``     two operands brought to one format, rank and class
``devices``   two operands on one device
``index``     subscripts as MATLAB reads them, with Python's count
``assign``    the values that an assignment writes
``display``   what a dlarray prints
``apply``     primitives applied to values with formats
``handle``    a value and a format
``array``     the dlarray, which adds all it can do
``numpy_protocol``  what NumPy's functions do with it
``options``         what to say where an option of a call is misspelt
``containers``      the dlarrays inside lists, dicts, tables and networks
"""

from tinydl.labels.array import dlarray

__all__ = ["dlarray"]
