"""Digits and CIFAR-10 as tensors, with the digest of every pixel and label."""

from residual.data.sets import DATASETS, Dataset, Split, data_folder, load
from residual.errors import DataError

__all__ = ["DATASETS", "DataError", "Dataset", "Split", "data_folder", "load"]
