"""The three files of a review, what their columns are, and what a cell that a person typed means."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlstrat_plugin.adapters.reviews.text import SheetText, parsed
from mlstrat_plugin.errors import MAX_EXAMPLES, ReviewError, listed, shown
from mlstrat_plugin.records.places import Places
from mlstrat_plugin.records.review import CheckedLabel, Fix, LookedAt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TAG_SEPARATORS = re.compile(r"[;,|\n\r]+")
YES = frozenset(("yes", "y", "true", "1", "x", "ja", "wahr", "oui", "vrai", "sí", "si", "verdadero"))
NO = frozenset(("no", "n", "false", "0", "nein", "falsch", "non", "faux", "falso"))


@dataclass(frozen=True)
class Layout:
    """One kind of file: where it lies, its columns, and those that a person fills in."""

    file: Path
    columns: tuple[str, ...]
    typed: tuple[str, ...]

    def at(self, file: Path) -> Layout:
        """Return the same layout for another file."""
        return replace(self, file=file)

    def read(self) -> SheetText:
        """Return the file.

        Raises
        ------
        ReviewError
            It is missing, cannot be read, or says two things about one row; see ``parsed``.
        """
        try:
            return self.parse(self.file.read_bytes())
        except OSError as error:
            raise ReviewError(
                f"cannot read {self.file}: {error.strerror}",
                hint="`git checkout` brings back what was committed; `mlstrat review init` makes an empty one",
            ) from error

    def parse(self, data: bytes) -> SheetText:
        """Return what the file says when it holds these bytes."""
        return parsed(data, str(self.file), self.columns, self.typed)


MISTAKES = Layout(
    Places().mistakes,
    ("id", "source", "label", "prediction", "tags", "label_is_wrong", "comment", "reviewer"),
    ("tags", "label_is_wrong", "comment", "reviewer"),
)
AUDIT = Layout(
    Places().audit,
    ("id", "split", "source", "label", "label_is_wrong", "comment", "reviewer"),
    ("label_is_wrong", "comment", "reviewer"),
)
FIXES = Layout(
    Places().fixes,
    ("id", "label_before", "label", "comment", "reviewer"),
    ("label", "comment", "reviewer"),
)


def tags_of(cell: str) -> tuple[str, ...]:
    """Return the tags of a cell, in its order, each once.

    >>> tags_of("blurry; great cat, blurry")
    ('blurry', 'great cat')
    """
    return tuple(dict.fromkeys(tag for part in TAG_SEPARATORS.split(cell) if (tag := " ".join(part.split()))))


def looked_at(sheet: SheetText) -> tuple[LookedAt, ...]:
    """Return what people said about mistakes; a row without a word in it was not looked at.

    Raises
    ------
    ReviewError
        A cell of ``label_is_wrong`` is neither yes nor no.
    """
    wrong = _answers(sheet)
    return tuple(
        LookedAt(
            id=row_id,
            label=cells["label"],
            tags=tags_of(cells["tags"]),
            label_is_wrong=wrong[row_id],
            reviewed=any(cells[column].strip() for column in MISTAKES.typed),
        )
        for row_id, cells in sheet.rows.items()
    )


def checked_labels(sheet: SheetText) -> tuple[CheckedLabel, ...]:
    """Return what people said about labels; an empty cell is not an answer.

    Raises
    ------
    ReviewError
        A cell of ``label_is_wrong`` is neither yes nor no.
    """
    wrong = _answers(sheet)
    return tuple(
        CheckedLabel(id=row_id, label=cells["label"], label_is_wrong=wrong[row_id])
        for row_id, cells in sheet.rows.items()
    )


def fixes(sheet: SheetText) -> tuple[Fix, ...]:
    """Return the corrections.

    Raises
    ------
    ReviewError
        A row has no label, or the one that it had before.
    """
    found = tuple(Fix(row_id, cells["label_before"], cells["label"].strip()) for row_id, cells in sheet.rows.items())
    problems = [
        f"{shown(fix.id)}: label {shown(fix.label)} is {'empty' if not fix.label else 'the one before'}"
        for fix in found
        if fix.label in ("", fix.before)
    ]
    if problems:
        raise ReviewError(
            f"{sheet.name}: {listed(problems, MAX_EXAMPLES)}", hint="give the right label, or delete the row"
        )
    return found


def _answers(sheet: SheetText) -> Mapping[str, bool | None]:
    """Return by id what ``label_is_wrong`` says."""
    answers = {row_id: _answer(cells["label_is_wrong"]) for row_id, cells in sheet.rows.items()}
    problems = [
        f"{shown(row_id)}: label_is_wrong is {shown(sheet.rows[row_id]['label_is_wrong'])}"
        for row_id, answer in answers.items()
        if answer == "unknown"
    ]
    if problems:
        raise ReviewError(f"{sheet.name}: {listed(problems, MAX_EXAMPLES)}", hint="write yes or no, or leave it empty")
    return {row_id: answer for row_id, answer in answers.items() if not isinstance(answer, str)}


def _answer(cell: str) -> bool | str | None:
    word = cell.strip().casefold()
    if word in YES or word in NO:
        return word in YES
    return "unknown" if word else None
