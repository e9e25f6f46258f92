"""Digits and CIFAR-10 as tensors, with the digest of every pixel and label."""

from residual.data.errors import DataError
from residual.data.sets import DATASETS, Dataset, Split, load

__all__ = ["DATASETS", "DataError", "Dataset", "Split", "load"]
