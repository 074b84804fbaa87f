"""One sentence per problem of a params file: key path, value, what is allowed, did you mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlstrat_plugin.errors import did_you_mean, shown
from mlstrat_plugin.params.schema import Node

if TYPE_CHECKING:
    from pydantic import BaseModel

OF_A_NAME = "[key]"  # pydantic's mark of a problem with a name rather than with what it leads to


def sentence(item: dict[str, Any], root: type[BaseModel], block: str) -> str:
    """Turn one pydantic error into a sentence: key path = value: what it must be; did you mean.

    Parameters
    ----------
    item : dict
        One of ``ValidationError.errors()``.
    root : type
        The model that was validated.
    block : str
        The key of params.yaml that holds it; it starts every path.
    """
    kind, loc = item["type"], item["loc"]
    path, node = _located(loc[:-2] if loc[-1:] == (OF_A_NAME,) else loc, Node.of(root), block)
    if kind == "extra_forbidden":
        known = list(node.properties)
        return f"{path}.{loc[-1]}: unknown key{did_you_mean(str(loc[-1]), known)}; known keys: {', '.join(known)}"
    if kind == "missing":
        return f"{path}: missing. {node.description}"
    reason = item["msg"].removeprefix("Value error, ")
    if loc[-1:] == (OF_A_NAME,) or (kind == "value_error" and node.properties):
        return f"{path}: {reason}"
    if kind in ("string_too_short", "too_short"):
        reason = "must not be empty"
    elif kind != "value_error":
        reason = f"must be {node.allowed}"
    guess = did_you_mean(item["input"], node.words) if isinstance(item["input"], str) else ""
    return f"{path} = {shown(item['input'])}: {reason}{guess}"


def _located(loc: tuple[str | int, ...], node: Node, path: str) -> tuple[str, Node]:
    """Walk an error's location down the schema; parts that are not keys, such as pydantic's tags, are passed over."""
    for part in loc:
        inner = node.properties.get(str(part)) or node.named
        if inner is not None:
            path, node = f"{path}.{part}", inner
    return path, node
