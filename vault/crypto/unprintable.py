"""Objects that hold keys: they print as their class name alone and are not pickled or copied."""

from __future__ import annotations

from typing import NoReturn


class Unprintable:
    """Base of everything with a secret inside. Compared by identity only."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("an object that holds keys is not copied or pickled")

    __reduce__ = __reduce_ex__ = __copy__ = __deepcopy__ = _refuse
