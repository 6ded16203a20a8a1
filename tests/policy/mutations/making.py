"""Mistakes that people make in a policy file, put into a city's text one at a time.

In: the text of a file. Out: `Mutant`s, each of which writes the file with its one mistake; the file itself stays as it is. Every key, word, figure and list
of the file gets one of each kind that fits: a letter wrong, another figure, a key left out, doubled, or under its neighbour, a list in another order.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from zlib import crc32

import yaml

Path = tuple[str, ...]


class Mutant(NamedTuple):
    """One mistake: `what` was done at `path`; `changes` are nodes and what they then hold."""

    what: str
    path: Path
    root: yaml.Node
    changes: tuple[tuple[yaml.Node, Any], ...]

    @property
    def place(self) -> str:
        """The path as it is written in faults."""
        return ".".join(self.path)

    def text(self) -> str:
        """The file with the mistake."""
        kept = [(node, node.value) for node, _ in self.changes]
        try:
            for node, value in self.changes:
                node.value = value
            return written(self.root)
        finally:
            for node, value in kept:
                node.value = value


def parsed(text: str) -> yaml.Node:
    """The file as nodes, so that a key can stand in it twice."""
    root = yaml.compose(text, Loader=yaml.CBaseLoader)
    assert isinstance(root, yaml.MappingNode)
    return root


def written(root: yaml.Node) -> str:
    """The nodes as a file."""
    text: str = yaml.serialize(root, Dumper=yaml.CBaseDumper, allow_unicode=True, width=10_000)
    return text


def mutants(text: str) -> list[Mutant]:
    """Every mistake of a file, in its order."""
    root = parsed(text)
    return [Mutant(what, path, root, tuple(changes)) for what, path, changes in _mistakes(root, (), set())]


Mistake = tuple[str, Path, Sequence[tuple[yaml.Node, Any]]]


def _mistakes(node: yaml.Node, path: Path, known: set[int]) -> Iterator[Mistake]:
    """Those of a node and of all that it holds; what stands in several places by an alias only once."""
    if id(node) in known:
        return
    known.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        yield from _of_scalar(node, path)
    elif isinstance(node, yaml.SequenceNode):
        yield from _of_list(node, path)
        for place, item in enumerate(node.value):
            yield from _mistakes(item, (*path, str(place)), known)
    elif isinstance(node, yaml.MappingNode):
        yield from _of_mapping(node, path)
        for key, value in node.value:
            yield from _mistakes(value, (*path, key.value), known)


def _of_scalar(node: yaml.ScalarNode, path: Path) -> Iterator[Mistake]:
    """A word misspelt; a figure of another size, with a digit wrong, and next to it; a yes for a no."""
    old = node.value
    if old in ("true", "false"):
        yield "the other", path, [(node, "false" if old == "true" else "true")]
    elif re.fullmatch(r"-?\d+(\.\d+)?", old):
        if float(old):
            yield "ten times", path, [(node, old.replace(".", "") + "0")]
        yield "one more", path, [(node, str(int(float(old)) + 1))]
    elif re.fullmatch(r"\d{4}-\d\d-\d\d", old):
        yield from ((f"a date {word}", path, [(node, new)]) for word, new in _dates(old))
    if old not in ("true", "false") and old:
        yield "misspelt", path, [(node, misspelt(old, path))]


def _dates(old: str) -> Iterator[tuple[str, str]]:
    yield "one year later", f"{int(old[:4]) + 1}{old[4:]}"
    yield "a day of no calendar", f"{old[:8]}32"


def _of_list(node: yaml.SequenceNode, path: Path) -> Iterator[Mistake]:
    items = node.value
    if len(items) > 1:
        yield "in another order", path, [(node, [*reversed(items)])]
    for place in range(len(items)):
        yield "left out", (*path, str(place)), [(node, [*items[:place], *items[place + 1 :]])]
    if items:
        yield "doubled", (*path, "0"), [(node, [items[0], *items])]


def _of_mapping(node: yaml.MappingNode, path: Path) -> Iterator[Mistake]:
    """Of each key: misspelt, left out, twice, its value and the next one's exchanged, and moved under each of the mappings beside it."""
    pairs = node.value
    beside = [(key.value, value) for key, value in pairs if isinstance(value, yaml.MappingNode)]
    for place, (key, value) in enumerate(pairs):
        here, without = (*path, key.value), [*pairs[:place], *pairs[place + 1 :]]
        is_day = re.fullmatch(r"\d{4}-\d\d-\d\d", key.value)
        for word, new in _dates(key.value) if is_day else [("misspelt", misspelt(key.value, here))]:
            yield f"key {word}", here, [(node, [*pairs[:place], (yaml.ScalarNode(key.tag, new), value), *pairs[place + 1 :]])]
        yield "key left out", here, [(node, without)]
        yield "key doubled", here, [(node, [*pairs, (yaml.ScalarNode(key.tag, key.value), value)])]
        other_key, other = pairs[(place + 1) % len(pairs)]
        if _plain(other) != _plain(value):
            swapped = [(k, other if k is key else value if k is other_key else v) for k, v in pairs]
            yield f"key with the value of {other_key.value}", here, [(node, swapped)]
        for name, target in beside:
            if target is not value:
                yield f"key moved under {name}", here, [(node, without), (target, [*target.value, (key, value)])]
                break


def _plain(node: yaml.Node) -> Any:
    """What a node says."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: _plain(value) for key, value in node.value}
    return [_plain(item) for item in node.value] if isinstance(node, yaml.SequenceNode) else node.value


def misspelt(word: str, path: Path) -> str:
    """The word with one character changed: always the same one."""
    number = crc32("/".join((*path, word)).encode())
    place, way = number % len(word), number // 64 % 3
    if word == "0":  # as "00" it would be the same
        return "1"
    if way == 0 and len(word) > 1:
        return word[:place] + word[place + 1 :]
    if way == 1:
        return word[:place] + word[place] + word[place:]
    wrong = str((int(word[place]) + 1) % 10) if word[place].isdecimal() else chr(ord(word[place]) + 1)
    return word[:place] + wrong + word[place + 1 :]
