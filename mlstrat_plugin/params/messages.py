"""One sentence per problem of a params file: key path, value, what is allowed, did you mean."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel

from mlstrat_plugin.errors import did_you_mean, shown


def sentence(item: dict[str, Any], root: type[BaseModel], block: str) -> str:
    """Turn one pydantic error into: key path = value: what is wrong; what is allowed; did you mean."""
    path, model, description = _locate(item["loc"], root, block)
    if item["type"] == "extra_forbidden":
        known = [field.alias or name for name, field in model.model_fields.items()]
        word = str(item["loc"][-1])
        return f"{path}: unknown key{did_you_mean(word, known)}; known keys: {', '.join(known)}"
    if item["type"] == "missing":
        return f"{path}: missing; give {description}"
    reason = item["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if item["type"] == "value_error" and (not description or item["loc"][-1] == "[key]"):
        return f"{path}: {reason}"
    if item["type"] == "model_type":
        return f"{path} = {shown(item['input'])}: must be a block with keys {', '.join(model.model_fields)}"
    words = {"literal_error": re.findall("'([^']+)'", item["msg"]), "value_error": re.findall(r"\w+", item["msg"])}
    guess = did_you_mean(str(item["input"]), words.get(item["type"], []))
    return f"{path} = {shown(item['input'])}: {f'allowed is {description}' if description else reason}{guess}"


def _locate(loc: tuple[str | int, ...], root: type[BaseModel], block: str) -> tuple[str, type[BaseModel], str]:
    """Walk an error's location down the models: the key path, the innermost model, the key's description."""
    model = root
    path, description = [block], ""
    for part in loc:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if str(part) in fields:
            path.append(str(part))
            description = fields[str(part)].description or ""
            inner = fields[str(part)].annotation
            model = model_in(inner) or model
        elif path[-1] == "sources" or (part == loc[-1] and not description):
            path.append(str(part))
            description = "" if path[-2] == "sources" else description
    return ".".join(path), model, description


def model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the Block inside ``Block``, ``Block | None`` or ``dict[str, Block]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for arg in getattr(annotation, "__args__", ()) if (m := model_in(arg))), None)
