"""Leaves out of a WebAssembly module the functions that a page can never reach: of Formulon a third of its bytes.

A function stays where one that stays may call it, where it is in the table of what is called indirectly, or
where it is exported under a name that is needed. What calls what is not decoded: every byte in a function that
could begin a call counts as one, so that none is missed, and a few functions stay for nothing. The others keep
their numbers, and become a trap.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

_EXPORTS, _START, _TABLED, _CODE, _IMPORTS, _GLOBALS = 7, 8, 9, 10, 2, 6
_FUNCTION = 0
_HEAD = 8
_TRAP = b"\x03\x00\x00\x0b"
"""A function of three bytes: no variables, `unreachable`, `end`."""
_CALL = re.compile(rb"(?=[\x10\x12\xd2]([\x80-\xff]{0,4}[\x00-\x7f]))", re.DOTALL)
"""call, return_call or ref.func, each before the number of a function."""


def trim(module: bytes, needed: Collection[str]) -> bytes:
    """The module with the exports that are needed alone. Where it is made in a way unknown here, as it is."""
    try:
        return _Module(module).keeping(needed)
    except _UnknownError:
        return module


class _UnknownError(Exception):
    """Something in a module that need not be understood, as then nothing is left out."""


class _Bytes:
    """Reads numbers and names one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.at]
            value |= (byte & 127) << shift
            shift, self.at = shift + 7, self.at + 1
            if byte < 128:
                return value

    def take(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]


def _number(value: int) -> bytes:
    """A number as WebAssembly writes it: LEB128."""
    digits = bytearray()
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])


def _list(items: Collection[bytes]) -> bytes:
    return _number(len(items)) + b"".join(items)


class _Module:
    def __init__(self, module: bytes) -> None:
        self.head, self.sections = module[:_HEAD], list(_sections(module))
        parts = dict(self.sections)
        if _START in parts or not {_EXPORTS, _TABLED, _CODE} <= parts.keys():
            raise _UnknownError
        self.imported = _imported(_Bytes(parts[_IMPORTS])) if _IMPORTS in parts else 0
        self.exports = list(_exports(_Bytes(parts[_EXPORTS])))
        self.roots = [*_tabled(_Bytes(parts[_TABLED])), *_called(parts.get(_GLOBALS, b""))]
        code = _Bytes(parts[_CODE])
        self.functions = [code.take(code.number()) for _ in range(code.number())]

    def keeping(self, needed: Collection[str]) -> bytes:
        exports = [(name, kind, index) for name, kind, index in self.exports if name in needed]
        kept = self._reached([*self.roots, *(index for _, kind, index in exports if kind == _FUNCTION)])
        changed = {
            _EXPORTS: _list([_list_of(name) + bytes([kind]) + _number(index) for name, kind, index in exports]),
            _CODE: _list(
                [
                    _number(len(body)) + body if number in kept else _TRAP
                    for number, body in enumerate(self.functions, self.imported)
                ]
            ),
        }
        whole = [self.head]
        for kind, content in self.sections:
            content = changed.get(kind, content)
            whole += [bytes([kind]), _number(len(content)), content]
        return b"".join(whole)

    def _reached(self, roots: Iterable[int]) -> set[int]:
        """Every function that may run where these do."""
        reached: set[int] = set()
        waiting = list(roots)
        while waiting:
            number = waiting.pop()
            inside = number - self.imported
            if number not in reached and inside < len(self.functions):
                reached.add(number)
                waiting += _called(self.functions[inside]) if inside >= 0 else ()
        return reached


def _sections(module: bytes) -> Iterator[tuple[int, bytes]]:
    rest = _Bytes(module)
    rest.take(_HEAD)
    while rest.at < len(module):
        kind = rest.take(1)[0]
        yield kind, rest.take(rest.number())


def _list_of(name: str) -> bytes:
    return _number(len(name.encode())) + name.encode()


def _called(body: bytes) -> set[int]:
    """The functions that a function may call, and more."""
    return {_Bytes(found).number() for found in _CALL.findall(body)}


def _imported(section: _Bytes) -> int:
    """How many functions come from outside; they have the first numbers."""
    count = section.number()
    for _ in range(count):
        for _ in range(2):
            section.take(section.number())
        if section.take(1)[0] != _FUNCTION:
            raise _UnknownError
        section.number()
    return count


def _exports(section: _Bytes) -> Iterator[tuple[str, int, int]]:
    for _ in range(section.number()):
        name = section.take(section.number()).decode()
        yield name, section.take(1)[0], section.number()


def _tabled(section: _Bytes) -> Iterator[int]:
    """The functions that are called by their place in a table, from one list without more."""
    for _ in range(section.number()):
        if section.take(2) != b"\x00\x41":  # a list of functions, from a place that is a constant
            raise _UnknownError
        section.number()
        if section.take(1) != b"\x0b":
            raise _UnknownError
        for _ in range(section.number()):
            yield section.number()
