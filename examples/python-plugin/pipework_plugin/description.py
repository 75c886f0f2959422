"""The description of a method: its documentation, and JSON Schemas of its parameters and its result."""

import inspect
import typing

# `bytes` is missing, because JSON Schema has no binary data.
TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def describe(method):
    """Describes a method by its docstring and its annotations. Without annotations, the result has no schemas."""
    doc = inspect.getdoc(method)
    described = {} if doc is None else {"doc": doc}
    try:
        hints = typing.get_type_hints(method)
    except Exception:  # an annotation that names something which is not there
        return described
    if not hints:
        return described
    _, *parameters = inspect.signature(method).parameters.values()
    if all(parameter.kind is parameter.POSITIONAL_OR_KEYWORD for parameter in parameters):
        described["input"] = [titled(parameter.name, schema(hints.get(parameter.name))) for parameter in parameters]
    if "return" in hints:
        described["output"] = schema(hints["return"])
    return described


def titled(name, known):
    """Adds the name of a parameter to its schema."""
    return {"title": name, **(known if isinstance(known, dict) else {})}


def schema(hint):
    """Returns the JSON Schema of an annotation. If JSON Schema cannot express it, returns `True`, which any value
    fits."""
    if hint in TYPES:
        return {"type": TYPES[hint]}
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is list:
        return {"type": "array", "items": schema(arguments[0])}
    if origin is dict and arguments[0] is str:
        return {"type": "object", "additionalProperties": schema(arguments[1])}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin is typing.Union:
        return {"anyOf": [schema(one) for one in arguments]}
    if hasattr(hint, "__required_keys__"):  # a TypedDict
        fields = typing.get_type_hints(hint)
        properties = {name: schema(one) for name, one in fields.items()}
        return {"type": "object", "properties": properties, "required": sorted(hint.__required_keys__)}
    return True
