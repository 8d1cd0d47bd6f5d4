"""Values that never print themselves.

`Sensitive[T]` carries plaintext or key bytes. It masks itself in `repr`, `str` and f-strings, refuses
pickle, copy and JSON, and gives its value only to `expose`, a word that a reviewer can search for.
What a *user* asked for is opened with a Permit, in `vault.access.enforcement`.

    >>> Sensitive("Rue Neuve 1")
    <sensitive>
"""

from __future__ import annotations

from typing import Generic, NoReturn, TypeVar

T = TypeVar("T")


class Sensitive(Generic[T]):
    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def expose(self) -> T:
        """The value itself. Every caller of this is a place where plaintext leaves its wrapper."""
        return self._value

    def __repr__(self) -> str:
        return "<sensitive>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "<sensitive>"

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("a sensitive value is not copied, pickled or compared")

    __reduce__ = __reduce_ex__ = __getstate__ = __copy__ = __deepcopy__ = _refuse
    __eq__ = __hash__ = _refuse
