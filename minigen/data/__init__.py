"""Data for lessons, tests and training: plain NumPy arrays in, plain NumPy arrays out.

The digits come with the package and need no download; MNIST is found or fetched, and checked.
Nothing here knows a tensor or a device: the caller converts a batch when it is used.
"""

from minigen.data import augmentation
from minigen.data.batches import batches, binarise
from minigen.data.download import download
from minigen.data.errors import DataError
from minigen.data.images import Images, digits
from minigen.data.mnist import mnist
from minigen.data.text import Text, Vocabulary, default_text, read_text, streams, texts, windows

__all__ = [
    "DataError",
    "Images",
    "Text",
    "Vocabulary",
    "augmentation",
    "batches",
    "binarise",
    "default_text",
    "digits",
    "download",
    "mnist",
    "read_text",
    "streams",
    "texts",
    "windows",
]
