"""Values as numpy and pandas give them, which this package runs without: only what tells them apart."""

from __future__ import annotations

from datetime import datetime
from numbers import Integral, Real
from typing import Any, Never


class _Scalar:
    """A numpy scalar: no subclass of Python's numbers, but registered as one."""

    ndim = 0

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return bool(self.value == (other.value if isinstance(other, _Scalar) else other))

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < other)

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > other)

    def __hash__(self) -> int:
        return hash(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __str__(self) -> str:
        return str(self.value)

    def __repr__(self) -> str:
        return f"np.{type(self).__name__}({self.value})"


class int64(_Scalar):
    """One of numpy's integers."""


class float32(_Scalar):
    """One of numpy's floats that is none of Python's."""


for _kind, _number in ((int64, Integral), (float32, Real)):
    _kind.__module__ = "numpy"
    _number.register(_kind)


class Timestamp(datetime):
    """A moment of pandas."""


class NaTType(datetime):
    """No moment; it is a datetime all the same."""

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = datetime.__hash__

    def __str__(self) -> str:
        return "NaT"

    __repr__ = __str__


class NAType:
    """No value of pandas, which cannot even be compared."""

    def __bool__(self) -> Never:
        raise TypeError("boolean value of NA is ambiguous")

    def __eq__(self, other: object) -> Any:
        return self

    __ne__ = __eq__
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return "<NA>"


def numpy_scalar(value: float) -> Any:
    """A value as numpy holds it."""
    return int64(value) if isinstance(value, int) else float32(value)


def pandas_missing() -> tuple[Any, Any]:
    """NaT and NA."""
    return NaTType(1, 1, 1), NAType()
