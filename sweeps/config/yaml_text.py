"""Sweep files in YAML: plain data only, every key once, bounded in size, and the line of every place kept."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ..errors import InvalidSweep
from ..space.faults import join, shown
from .interface import Document, Lines

# What a file may come to once its aliases are written out: a "billion laughs" file is refused, not built.
MOST_NODES = 100_000

_CORE = "tag:yaml.org,2002:"
_FLOAT, _MERGE, _TEXT, _TIMESTAMP = (f"{_CORE}{name}" for name in ("float", "merge", "str", "timestamp"))
_PLAIN_DATA = {f"{_CORE}{name}" for name in ("map", "seq", "str", "int", "float", "bool", "null", "merge")}
_EXPONENT = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+$")
# What mostly is wrong where PyYAML says so.
_REMEDIES = (
    ("expected ',' or", "close the bracket before it, or put the text in quotes"),
    ("mapping values are not allowed", "put a text with a colon in quotes, or begin a new line"),
    (r"'\t'", "indent with blanks"),
    ("undefined alias", "put a text that begins with * in quotes"),
    ("another document", "keep one document, without ---"),
    ("not what its type says", "remove what stands before it and begins with !!"),
    ("could not find expected ':'", "write a colon behind the key, or indent the line to where it belongs"),
    ("expected <block end>", "indent the line as the ones above it"),
)


class _Loader(yaml.SafeLoader):
    """YAML 1.1, but 1e-5 is a number and 2026-01-31 is text, as their authors mean them."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own attribute
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_object(self, node: Node, deep: bool = False) -> object:  # noqa: FBT001, FBT002 - PyYAML's own
        """Build what a node stands for; text that does not fit its tag is a fault with a line."""
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, LookupError) as fault:
            problem = f"{shown(node.value)} is not what its type says"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark) from fault


_Loader.add_implicit_resolver(_FLOAT, _EXPONENT, list("-+0123456789."))


def parse(text: str, source: str) -> Document:
    """Parse YAML; raises InvalidSweep, with the line, where it is not YAML or not plain data."""
    try:
        return _document(text)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        problem = f"not valid YAML: {_sentence(fault)}"
        raise InvalidSweep(problem, source=source, line=mark.line + 1 if mark else None) from fault
    except yaml.reader.ReaderError as fault:
        problem = f"not valid YAML: the character U+{ord(text[fault.position]):04X} may not stand here"
        raise InvalidSweep(problem, source=source, line=text.count("\n", 0, fault.position) + 1) from fault
    except RecursionError as fault:
        problem = "not valid YAML: nested too deeply"
        raise InvalidSweep(problem, source=source) from fault
    except InvalidSweep as fault:
        raise InvalidSweep(fault.problem, source=source, line=fault.line) from None


def _sentence(fault: yaml.MarkedYAMLError) -> str:
    said = " ".join((fault.problem or fault.context or "cannot be read").split())
    return next((f"{said}; {remedy}" for part, remedy in _REMEDIES if part in said), said)


def _document(text: str) -> Document:
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return Document(None)
        _measure(root, {})
        written: dict[str, int] = {}
        for place, line in _places(root, ""):
            written.setdefault(place, line)
        return Document(loader.construct_document(root), Lines(written))
    finally:
        loader.dispose()


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _measure(node: Node, sizes: dict[int, int]) -> int:
    """Return how many nodes a node comes to with its aliases written out; refuses what may not stand here."""
    known = sizes.get(id(node))
    if known is not None:
        if known == 0:
            problem = "an alias stands inside what it is an alias of; write it out"
            raise InvalidSweep(problem, line=_line(node))
        return known
    sizes[id(node)] = 0
    _check(node)
    size = 1 + sum(_measure(child, sizes) for child in _children(node))
    if size > MOST_NODES:
        problem = f"comes to more than {MOST_NODES} values with its aliases written out; make it smaller"
        raise InvalidSweep(problem, line=_line(node))
    sizes[id(node)] = size
    return size


def _check(node: Node) -> None:
    if node.tag not in _PLAIN_DATA:
        problem = f"the type {shown(node.tag.removeprefix(_CORE))} may not stand here; write plain values"
        raise InvalidSweep(problem, line=_line(node))
    if isinstance(node, MappingNode):
        _check_keys(node)


def _check_keys(node: MappingNode) -> None:
    first: dict[tuple[str, str], Node] = {}
    for key, _ in node.value:
        _check_key(key)
        earlier = first.setdefault((key.tag, key.value), key)
        if earlier is not key:
            problem = f"the key {shown(key.value)} stands twice, first on line {_line(earlier)}; keep one"
            raise InvalidSweep(problem, line=_line(key))


def _check_key(key: Node) -> None:
    if not isinstance(key, ScalarNode):
        problem = "a key must be text, not a list or a mapping"
        raise InvalidSweep(problem, line=_line(key))
    if key.tag not in (_TEXT, _MERGE):
        problem = f"the key {key.value} is not text; put it in quotes"
        raise InvalidSweep(problem, line=_line(key))


def _children(node: Node) -> Iterator[Node]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, SequenceNode):
        yield from node.value


def _places(node: Node, place: str) -> Iterator[tuple[str, int]]:
    """Yield the line of every place; what is merged in comes after what is written, so the first one counts."""
    if isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            yield from _placed(join(place, f"[{index}]"), item, item)
    elif isinstance(node, MappingNode):
        for key, value in sorted(node.value, key=lambda pair: bool(pair[0].tag == _MERGE)):
            if key.tag == _MERGE:
                yield from _merged(value, place)
            else:
                yield from _placed(join(place, key.value), key, value)


def _placed(place: str, mark: Node, node: Node) -> Iterator[tuple[str, int]]:
    yield place, _line(mark)
    yield from _places(node, place)


def _merged(node: Node, place: str) -> Iterator[tuple[str, int]]:
    for part in node.value if isinstance(node, SequenceNode) else [node]:
        yield from _places(part, place)
