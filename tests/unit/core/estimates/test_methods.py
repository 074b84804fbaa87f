"""A method is a value for code and a few words for people."""

from __future__ import annotations

from itertools import product

import pytest

from mlstrat_plugin.core.estimates.methods import DECLARED, MOVER, WILSON, Method


@pytest.mark.parametrize(
    ("method", "words"),
    [
        (WILSON, "wilson"),
        (DECLARED, "declared"),
        (MOVER, "mover"),
        (Method("wilson", grouped=True), "grouped wilson"),
        (Method("wilson", of="f1", grouped=True), "f1 grouped wilson"),
        (Method("bonett-price", paired=True), "bonett-price"),  # a pair is said around it
    ],
)
def test_words(method: Method, words: str) -> None:
    assert str(method) == words


def test_methods_are_equal_by_value_and_differ_in_every_field() -> None:
    made = [
        Method(name, of=of, grouped=grouped, paired=paired)
        for name, of, grouped, paired in product(("wilson", "mover"), ("", "f1"), (False, True), (False, True))
    ]
    assert len(set(made)) == 16
    assert Method("wilson") == WILSON
