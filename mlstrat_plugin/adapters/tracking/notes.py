"""Texts that people and mlstrat share: ours is put first and replaced, theirs is never touched."""

from __future__ import annotations

import re
from hashlib import md5
from typing import Literal, get_args

START, END = "<!-- mlstrat -->", "<!-- /mlstrat -->"
MAX_NOTE = 8000  # MLflow cuts longer tag values without a word
MAX_DESCRIPTION = 5000  # the width of MLflow's column
Block = Literal["diagnosis", "gate"]
BLOCKS: tuple[Block, ...] = get_args(Block)
SEAL = re.compile(rf"\n\n<!-- mlstrat ({'|'.join(BLOCKS)}) ([0-9a-f]{{12}}) -->")


def merged_note(existing: str, *texts: str) -> str | None:
    r"""Put our block first and keep what a person wrote; None if even the last, shortest text is too long.

    Examples
    --------
    >>> merged_note("My own words.", "mismatch")
    '<!-- mlstrat -->\nmismatch\n<!-- /mlstrat -->\n\nMy own words.'
    """
    before, _, rest = existing.partition(START)
    _, _, after = rest.partition(END)
    own = "\n".join(part.strip() for part in (before, after) if part.strip())
    return _fitting(MAX_NOTE, own, *(f"{START}\n{text}\n{END}" for text in texts))


def merged_description(existing: str, text: str, block: Block = "diagnosis") -> str | None:
    r"""Do the same for a registered version, whose table shows the plain source: so ours starts with its first word.

    The diagnosis stands first, the gate's decision below it, a person's words last. A seal below each of ours says what
    it was; text above a seal that a person has edited is theirs and stays.

    Examples
    --------
    >>> first = merged_description("Trained on Monday.", "mismatch")
    >>> first.split("\n\n")[::2]
    ['mismatch', 'Trained on Monday.']
    >>> merged_description(first, "refused", "gate").split("\n\n")[::2]
    ['mismatch', 'refused', 'Trained on Monday.']
    """
    blocks, own, start = {}, [], 0
    for seal in SEAL.finditer(existing):
        above = existing[start : seal.start()].removeprefix("\n\n")
        if seal.group(2) == _digest(above):
            blocks[seal.group(1)] = above
        else:
            own.append(above)
        start = seal.end()
    blocks[block] = text
    sealed = [f"{blocks[name]}\n\n<!-- mlstrat {name} {_digest(blocks[name])} -->" for name in BLOCKS if name in blocks]
    theirs = "\n\n".join(part.strip() for part in (*own, existing[start:]) if part.strip())
    return _fitting(MAX_DESCRIPTION, theirs, "\n\n".join(sealed))


def _fitting(limit: int, own: str, *blocks: str) -> str | None:
    for block in blocks:
        whole = block + (f"\n\n{own}" if own else "")
        if len(whole) <= limit:
            return whole
    return None


def _digest(text: str) -> str:
    return md5(text.encode("utf-8")).hexdigest()[:12]  # noqa: S324 - identity, not security
