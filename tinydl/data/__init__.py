"""Data: labels, and images that are drawn on the spot or read from the user's disk.

``categorical``  arrays of names from a fixed list of categories
``names``        from values to categories
``onehot``       categories as vectors with a 1 among zeros, and back
``digits``       the training and test images of handwritten digits
``pen``          draws them
``idx``          reads the files of the MNIST data sets
"""

from tinydl.data.categorical import categorical, categories
from tinydl.data.digits import digitTest4DArrayData, digitTrain4DArrayData
from tinydl.data.onehot import onehotdecode, onehotencode

__all__ = ["categorical", "categories", "digitTest4DArrayData", "digitTrain4DArrayData",
           "onehotdecode", "onehotencode"]  # fmt: skip
