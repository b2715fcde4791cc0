"""Data: labels, images, and datastores that give them in mini-batches.

``categorical``  arrays of names from a fixed list of categories
``names``        from values to categories
``onehot``       categories as vectors with a 1 among zeros, and back
``scores``       the class with the largest score
``confusion``    how often each class was taken for each
``pad_sequences``  sequences of different lengths as one array
``datastore``    what all datastores have: read, hasdata, reset, shuffle, partition
``array_datastore``     the slices of an array
``image_datastore``     the images of a folder; ``image_files`` finds and reads them
``combined_datastore``  several side by side, or with a function behind one
``mini_batch_queue``    mini-batches of a datastore; ``collate`` joins observations, ``deliver``
                        brings them into the class, format and place asked for
``digits``       the training and test images of handwritten digits
``digits_folder`` ``digits_mat``  reads them from a MATLAB installation
``pen``          draws them
``idx``          reads the files of the MNIST data sets
"""

from tinydl.data.array_datastore import arrayDatastore
from tinydl.data.categorical import categorical, categories
from tinydl.data.combined_datastore import combine, transform
from tinydl.data.confusion import confusionmat
from tinydl.data.datastore import (
    hasdata,
    partition,
    preview,
    read,
    readall,
    reset,
    shuffle,
    subset,
)
from tinydl.data.digits import digitTest4DArrayData, digitTrain4DArrayData
from tinydl.data.image_datastore import (
    countEachLabel,
    image_array,
    imageDatastore,
    readimage,
    splitEachLabel,
)
from tinydl.data.mini_batch_queue import minibatchqueue
from tinydl.data.onehot import onehotdecode, onehotencode
from tinydl.data.pad_sequences import padsequences
from tinydl.data.scores import scores2label

__all__ = ["arrayDatastore", "categorical", "categories", "combine", "confusionmat",
           "countEachLabel", "digitTest4DArrayData", "digitTrain4DArrayData", "hasdata",
           "image_array", "imageDatastore", "minibatchqueue", "onehotdecode", "onehotencode",
           "padsequences", "partition", "preview", "read", "readall", "readimage", "reset",
           "scores2label", "shuffle", "splitEachLabel", "subset", "transform"]  # fmt: skip
