"""Files: values written by save, read by load.

``files``    save and load
``encode``   values as a description in JSON, and arrays
``decode``   the way back
``layers``   a layer as its class and the options of its constructor
``archive``  a zip archive of .npy arrays, one of which is the description
``replace``  a new file that takes an old one's place when it is complete
"""

from tinydl.store.archive import FileFormatError
from tinydl.store.files import load, save

__all__ = ["FileFormatError", "load", "save"]
