"""The page on the library: its examples are run, and every public name on it is told about."""

import doctest
import importlib
import inspect
import re

import pytest

from residual.store import ROOT

PAGE = ROOT / "book" / "library.md"
NAMES = [
    f"{module}.{name}"
    for module, block in re.findall(
        r"^\.\. currentmodule:: (\S+)\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S
    )
    for name in re.findall(r"^\.\. auto\w+:: (\w+)(?:\(\))?$", block, re.M)
]


def test_the_examples_give_what_the_page_says():
    found = doctest.testfile(str(PAGE), module_relative=False)
    assert found.attempted > 20
    assert not found.failed


@pytest.mark.parametrize("name", [*NAMES, "residual.load"])
def test_a_docstring_names_each_parameter_or_its_type_does(name):
    module, _, public = name.rpartition(".")
    told = getattr(importlib.import_module(module), public)
    assert len(inspect.getdoc(told)) > 40, name
    if inspect.isfunction(told):
        hints = inspect.get_annotations(told)
        assert told.__doc__, name
        assert hints.keys() >= inspect.signature(told).parameters.keys() | {"return"}, name
