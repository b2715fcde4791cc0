"""Images of a folder, one file after the other, with labels."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from tinydl.backend.random import generator
from tinydl.data.categorical import categorical
from tinydl.data.datastore import Indexed, whole
from tinydl.data.image_files import EXTENSIONS, image_files, read_image
from tinydl.labels import format as formats
from tinydl.labels.options import named_options

_SOURCES = ("none", "foldernames")


class imageDatastore(Indexed):
    """A datastore of the images of a folder: each is read from its file when it is asked for.

    location is a folder, a file, or a list of files. Options:

        IncludeSubfolders  whether the folders in the folder count too, False
        FileExtensions     the endings of image files, by default .png .jpg .jpeg .tif .tiff .bmp
        LabelSource        "foldernames": the label of an image is the name of its folder; "none"
        Labels             the labels themselves, one for each file
        ReadFcn            a function that gives the image of a file's name, instead of Pillow's

    ``ds.Files`` lists the files, in the order of their names; ``ds.Labels`` is a categorical array,
    or None. read gives an image: height × width × channels, 1 channel for grey and 3 for colours,
    of the class in the file, mostly uint8 from 0 to 255. ``image_array(ds)`` reads them all.

    Raises FileNotFoundError where nothing is found, ImportError when an image is read without
    Pillow, ValueError for files that are damaged.

    Example: see image_array.
    """

    @named_options
    def __init__(
        self,
        location: Any,
        *,
        IncludeSubfolders: bool = False,
        FileExtensions: Any = None,
        LabelSource: str = "none",
        Labels: Any = None,
        ReadFcn: Callable[[str], Any] | None = None,
    ) -> None:
        if LabelSource not in _SOURCES:
            raise ValueError(
                f"imageDatastore: LabelSource is one of {', '.join(_SOURCES)}, not {LabelSource!r}"
            )
        if LabelSource == "foldernames" and Labels is not None:
            raise ValueError("imageDatastore: give one of LabelSource= and Labels=")
        self._files = image_files(location, bool(IncludeSubfolders), _endings(FileExtensions))
        self._order = np.arange(len(self._files))
        self.ReadFcn = read_image if ReadFcn is None else ReadFcn
        self._labels: categorical | None = None
        if LabelSource == "foldernames":
            folders = [os.path.basename(os.path.dirname(os.path.abspath(f))) for f in self._files]
            self._labels = categorical(folders)
        elif Labels is not None:
            self._labels = _one_each(Labels, len(self._files))

    @property
    def Files(self) -> list[str]:
        """The names of the files, in the order in which they are read."""
        return [self._files[i] for i in self._order]

    @property
    def Labels(self) -> categorical | None:
        """The labels, in the order of the files."""
        return None if self._labels is None else self._labels[self._order]

    @property
    def iteration_axes(self) -> list[int | None]:
        """Images lie along a dimension of their own."""
        return [None]

    def _observation(self, position: int) -> Any:
        return self.ReadFcn(self._files[position])

    def __repr__(self) -> str:
        labels = "" if self._labels is None else f", {len(self._labels.categories)} labels"
        return f"imageDatastore with {len(self)} files{labels}"


def image_array(ds: imageDatastore) -> np.ndarray:
    """All images of an imageDatastore in one array: height × width × channels × images.

    It is of class single, with the full range of the class in the files from 0 to 1, as MATLAB's
    im2single does; ``dlarray(X, "SSCB")`` labels it. An image lies in one piece in memory.

    Raises ValueError if the images differ in size or class, and names two files.

    Example:
        >>> import numpy as np, tempfile
        >>> from PIL import Image
        >>> from tinydl import image_array, imageDatastore
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for i in range(3):
        ...         Image.fromarray(np.full((4, 5), 51 * i, np.uint8)).save(f"{folder}/{i}.png")
        ...     X = image_array(imageDatastore(folder))
        >>> X.shape, X[0, 0, 0].round(1).tolist()
        ((4, 5, 1, 3), [0.0, 0.20000000298023224, 0.4000000059604645])
    """
    images: np.ndarray | None = None
    first: np.ndarray | None = None
    for i, file in enumerate(_store(ds, "image_array").Files):
        image = np.asarray(ds.ReadFcn(file))
        if images is None or first is None:
            first = image
            images = np.empty((len(ds), *image.shape), np.float32)
        if (image.shape, image.dtype) != (first.shape, first.dtype):
            raise ValueError(
                f"image_array: {file} is {formats.describe('', image.shape)} {image.dtype}, and "
                f"{ds.Files[0]} {formats.describe('', first.shape)} {first.dtype}; make them equal "
                "by a ReadFcn=…"
            )
        images[i] = _scaled(image)
    if images is None:
        raise ValueError("image_array: the datastore has no images")
    return np.moveaxis(images, 0, -1)


def readimage(ds: imageDatastore, I: int) -> Any:  # noqa: E741
    """The image at a position, counted from 0; what read gives next does not change.

    Example:
        >>> from tinydl import imageDatastore, readimage
        >>> ds = imageDatastore([__file__], ReadFcn=lambda name: 7)
        >>> readimage(ds, 0)
        7
    """
    place = whole(I, "readimage: I", 0)
    if place >= len(_store(ds, "readimage")):
        raise IndexError(f"readimage: position {place} of {len(ds)} images; they count from 0")
    return ds._observation(int(ds._order[place]))


def countEachLabel(ds: imageDatastore) -> dict[str, int]:
    """How many images each label has, in the order of the categories.

    Raises ValueError if the images have no labels.

    Example:
        >>> from tinydl import countEachLabel, imageDatastore
        >>> countEachLabel(imageDatastore([__file__] * 3, Labels=["a", "b", "a"]))
        {'a': 2, 'b': 1}
    """
    labels = _labels(ds, "countEachLabel")
    counts = np.bincount(labels.codes, minlength=len(labels.categories))
    return dict(zip(labels.categories.tolist(), counts.tolist(), strict=True))


def splitEachLabel(ds: imageDatastore, *p: Any) -> tuple[imageDatastore, ...]:
    """Parts of an imageDatastore, each with the same share of the images of every label.

    p are shares between 0 and 1, or numbers of images of each label; what is left of each makes the
    last part: ``train, test = splitEachLabel(ds, 0.8)``. The images are taken in the order of the
    files, or, where the last argument is "randomized", in random order by the generator of rng.
    Shares are rounded at the places where the files of a label are divided.

    Raises ValueError for shares of more than 1, for more images than a label has, and without
    labels.

    Example:
        >>> from tinydl import imageDatastore, splitEachLabel
        >>> ds = imageDatastore([__file__] * 4, Labels=["a", "a", "b", "b"])
        >>> train, test = splitEachLabel(ds, 0.5)
        >>> list(train.Labels), list(test.Labels)
        (['a', 'b'], ['a', 'b'])
    """
    labels = _labels(ds, "splitEachLabel")
    randomized = bool(p) and p[-1] == "randomized"
    shares = p[:-1] if randomized else p
    if not shares or any([isinstance(x, (str, bool)) or not 0 < x for x in shares]):
        raise ValueError(f"splitEachLabel: shares such as 0.8, or numbers of images, not {shares}")
    parts: list[list[int]] = [[] for _ in range(len(shares) + 1)]
    for code, name in enumerate(labels.categories.tolist()):
        places = np.flatnonzero(labels.codes == code)
        if randomized:
            places = places[generator.permutation(len(places))]
        for part, taken in zip(parts, np.split(places, _cuts(shares, len(places), name)),
                               strict=True):  # fmt: skip
            part.extend(taken.tolist())
    return tuple([ds.subset(part if randomized else sorted(part)) for part in parts])


def _cuts(shares: tuple[Any, ...], count: int, name: str) -> list[int]:
    """Where the images of one label are divided."""
    if all([x < 1 for x in shares]):
        if sum(shares) > 1 + 1e-9:
            raise ValueError(f"splitEachLabel: the shares {shares} are more than the whole, 1")
        return [int(np.floor(x * count + 0.5)) for x in np.cumsum(shares)]
    sizes = [whole(n, "splitEachLabel: a number of images") for n in shares]
    if sum(sizes) > count:
        raise ValueError(f"splitEachLabel: {sum(sizes)} images of the label {name!r}, which has "
                         f"{count}")  # fmt: skip
    return np.cumsum(sizes).tolist()


def _endings(given: Any) -> tuple[str, ...]:
    if given is None:
        return EXTENSIONS
    endings = [given] if isinstance(given, str) else list(given)
    wrong = [e for e in endings if not isinstance(e, str) or not e.startswith(".")]
    if wrong or not endings:
        raise ValueError(f'imageDatastore: FileExtensions are endings such as ".png", not {given}')
    return tuple([e.lower() for e in endings])


def _one_each(labels: Any, count: int) -> categorical:
    made = copy.copy(labels) if isinstance(labels, categorical) else categorical(labels)
    if len(made) != count:
        raise ValueError(f"imageDatastore: {len(made)} Labels for {count} files")
    return made


def _store(ds: Any, caller: str) -> imageDatastore:
    if not isinstance(ds, imageDatastore):
        raise TypeError(f"{caller}: an imageDatastore is needed, not a {type(ds).__name__}")
    return ds


def _labels(ds: Any, caller: str) -> categorical:
    labels = _store(ds, caller).Labels
    if labels is None:
        raise ValueError(f"{caller}: the images have no labels; imageDatastore(…, "
                         'LabelSource="foldernames")')  # fmt: skip
    return labels


def _scaled(image: np.ndarray) -> np.ndarray:
    """An image with the range of its class from 0 to 1; other numbers as they are."""
    if image.dtype.kind == "u":
        return image / np.float32(np.iinfo(image.dtype).max)
    if image.dtype.kind not in "bf":
        raise ValueError(f"image_array: images of the class {image.dtype} have no range; make them "
                         "single by a ReadFcn=…")  # fmt: skip
    return image
