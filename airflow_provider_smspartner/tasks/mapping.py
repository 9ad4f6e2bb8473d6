"""Arguments of mapped tasks: refused when the DAG is parsed as far as they are there, else for good."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Self

import attrs
from airflow.sdk import BaseOperator
from airflow.sdk.definitions.mappedoperator import MappedOperator, OperatorPartial

from airflow_provider_smspartner.tasks.failures import RefusedArguments

PACKAGE = __name__.partition(".")[0]
NOT_KNOWN_YET = "{{ not_known_yet }}"
"""Stands for what an upstream task will bring: no check takes a template for a value."""


class ChecksMappedArguments(BaseOperator):
    """An operator or sensor whose mapped tasks are checked like its plain ones."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Make a task; what Airflow would refuse at each try, with a text of its own, is refused for good."""
        if kwargs.get("_airflow_from_mapped"):
            check_names(cls, kwargs)
        return super().__new__(cls)

    @classmethod
    def partial(cls, **kwargs: Any) -> OperatorPartial:
        """Take the arguments that all mapped tasks share; see Airflow."""
        made: OperatorPartial = super().partial(**kwargs)
        made._expand_called = True  # or Airflow would warn that this one was never expanded
        return CheckedPartial(operator_class=cls, kwargs=made.kwargs, params=made.params)

    @classmethod
    def may_be_mapped(cls, shared: Mapping[str, Any]) -> Sequence[str]:
        """Return which optional arguments must still come, given those that all mapped tasks share."""
        return ()

    @classmethod
    def try_out(cls, given: Mapping[str, Any]) -> None:
        """Make a task as a worker would, and drop it.

        Not of a subclass with arguments of its own, which may make ours out of values that are not known yet.

        :raises InvalidMessage: it cannot be made; the sentence names the argument.
        """
        if not cls.__init__.__module__.startswith(PACKAGE):
            return
        names = {*arguments_of(cls, ChecksMappedArguments), "task_id", "dag", "task_group", "default_args"}
        known = {
            name: value
            for name, value in given.items()
            if name in names and (value is not NOT_KNOWN_YET or name in cls.template_fields)
        }
        cls(**known, _airflow_from_mapped=True)


@attrs.define(kw_only=True, repr=False)
class CheckedPartial(OperatorPartial):
    """What ``partial()`` returns: it tries the arguments out before it expands."""

    def expand(self, **mapped_kwargs: Any) -> MappedOperator:
        """Expand over lists; see Airflow.

        :raises InvalidMessage: an argument is wrong; the sentence names it.
        """
        unknown = dict.fromkeys(mapped_kwargs, NOT_KNOWN_YET)
        self._try_out(unknown)
        for name, values in mapped_kwargs.items():
            if isinstance(values, list | tuple) and name not in ("recipients", "parameters"):
                for value in values:
                    self._try_out({**unknown, name: value})
        return super().expand(**mapped_kwargs)

    def expand_kwargs(self, kwargs: Any, *, strict: bool = True) -> MappedOperator:
        """Expand over mappings; see Airflow.

        :raises InvalidMessage: an argument is wrong; the sentence names it.
        """
        rows = kwargs if isinstance(kwargs, list | tuple) else []
        if not rows or not all(isinstance(row, Mapping) for row in rows):
            operator: Any = self.operator_class
            own = arguments_of(operator, ChecksMappedArguments)
            required = {name for name, argument in own.items() if argument.default is argument.empty}
            missing = {*required, *operator.may_be_mapped(self.kwargs)} - self.kwargs.keys()
            self._try_out(dict.fromkeys(missing, NOT_KNOWN_YET))
        for row in rows:
            if isinstance(row, Mapping):
                self._try_out(row)
        return super().expand_kwargs(kwargs, strict=strict)

    def _try_out(self, mapped: Mapping[str, Any]) -> None:
        operator: Any = self.operator_class
        self._expand_called = True  # the error is enough, without a warning that nothing was expanded
        operator.try_out({**self.kwargs, **mapped})


def check_names(kind: type[BaseOperator], given: Mapping[str, Any]) -> None:
    """Refuse arguments that are missing, and those that do not exist. Values may be people: none is told.

    :raises RefusedArguments: there is one.
    """
    for name, argument in inspect.signature(kind.__init__).parameters.items():
        if name == "self" or argument.kind is argument.VAR_KEYWORD:
            continue
        if argument.default is argument.empty and name not in given:
            raise RefusedArguments(f"{name}: task {given.get('task_id')!r} needs it, and nothing gives it")
    known = {*arguments_of(kind, BaseOperator), "_airflow_from_mapped"}
    for name in sorted(given.keys() - known):
        raise RefusedArguments(f"{name}: {kind.__name__} has no such argument")


def arguments_of(kind: type[BaseOperator], down_to: type[BaseOperator]) -> dict[str, inspect.Parameter]:
    """Return the arguments that an operator's classes take, down to those of another class."""
    classes = [base for base in kind.mro() if issubclass(base, down_to) and "__init__" in vars(base)]
    inits = [inspect.signature(vars(base)["__init__"]) for base in reversed(classes)]
    taken = {name: argument for init in inits for name, argument in init.parameters.items() if name != "self"}
    return {name: each for name, each in taken.items() if each.kind is not each.VAR_KEYWORD}
