"""Which text of a task is a template: what the DAG's author wrote, never what comes out of data.

Airflow renders a mapped task after it has been given its values. Those that an upstream task returned to
``expand_kwargs`` it renders like the author's own: a customer whose name is
``{{ conn.smspartner_default.password }}`` would be sent the key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import jinja2.nativetypes
from airflow.sdk.definitions.context import render_template_to_string
from airflow.sdk.definitions.mappedoperator import MappedOperator
from airflow.sdk.definitions.param import DagParam

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.arguments import literal, shown
from airflow_provider_smspartner.rules.literals import UNREADABLE, read_with_plus
from airflow_provider_smspartner.rules.values import spelled
from airflow_provider_smspartner.tasks.mapping import PACKAGE, ChecksMappedArguments

if TYPE_CHECKING:
    from airflow.sdk import DAG, Context


KEEPS_PLUS: Final = "smspartner_keeps_plus"
"""The attribute of a Jinja environment whose native templates read a number with its plus."""
NOTHING: Final = ("None", "nan", "NaN", "NaT", "<NA>")
"""What a template makes of a value that is missing."""


class RendersOnlyTheAuthor(ChecksMappedArguments):
    """An operator or sensor that renders what its DAG's author wrote, and leaves data alone."""

    text_fields: Sequence[str] = ()
    """Templated arguments that are text also where ``render_template_as_native_obj`` makes 33 of "33"."""
    number_fields: Sequence[str] = ()
    """Templated arguments with phone numbers, which keep their plus there."""
    rendered_fields: frozenset[str] = frozenset()
    """Arguments of this package whose value a template or an upstream task has given."""

    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: Context,
        jinja_env: jinja2.Environment,
        seen_oids: set[int],
    ) -> None:
        # The one step that plain and mapped tasks share
        if parent is not self:
            super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)
            return
        self.note_sources()
        self.rendered_fields |= self._fields_from_elsewhere()
        names = [name for name in template_fields if not self.is_from_data(name)]
        texts, numbers = text_environment(jinja_env, self.get_dag()), plus_environment(jinja_env)
        seen = set[int]()  # one for all: what an upstream has put into one argument is no template in another
        # Text last: a message may look at what has become of the others, as in {{ task.parameters[0] }}
        for name in sorted(names, key=self.text_fields.__contains__):
            env = texts if name in self.text_fields else numbers if name in self.number_fields else jinja_env
            super()._do_render_template_fields(self, [name], context, env, seen)
        for name in self.text_fields:
            value = getattr(self, name)
            with suppress(InvalidMessage):  # a number without end is refused with what else is no text
                setattr(self, name, spelled(value, name) or value)

    def _fields_from_elsewhere(self) -> frozenset[str]:
        """Return which arguments of this package a template or an upstream task has still to give.

        Not those of ``dag.param()``: whoever declares a parameter says what stands for none.
        """
        of_package = [kind for kind in type(self).__mro__ if kind.__module__.startswith(PACKAGE)]
        own = {name for kind in of_package for name in vars(kind).get("template_fields", ())}
        return frozenset(
            name
            for name in own
            if not (literal(value := getattr(self, name)) or isinstance(value, DagParam))
            or self._is_expanded(name)
        )

    def check_rendered(self) -> None:
        """Refuse what templates and upstream tasks have made nothing of: a limit must not vanish in silence.

        :raises InvalidMessage: the sentence names the argument.
        """
        for name in sorted(self.rendered_fields):
            value, is_text = getattr(self, name), name in self.text_fields
            value = None if isinstance(value, jinja2.Undefined) else value
            if value is None or (is_text and isinstance(value, str) and value in NOTHING):
                raise InvalidMessage(
                    f"{name}: it was given, and has come out as {value}; correct what gives it. If it "
                    "may be missing, leave it out or take it from dag.param()"
                )
            if is_text and not isinstance(value, str):
                raise InvalidMessage(f"{name}: {shown(value)} is not text; let the task before return text")

    def note_sources(self) -> None:
        """Find out which arguments come from data, before anything changes one."""
        for name in self.template_fields:
            self.is_from_data(name)

    def is_from_data(self, name: str) -> bool:
        """Tell whether an argument of a mapped task came out of an XCom; none does of one that is not mapped.

        Asked first before it is changed: where a value comes from is told by its identity.
        """
        if name not in self._known_sources:
            self._known_sources[name] = self._is_mapped_data(name, getattr(self, name))
        return self._known_sources[name]

    @cached_property
    def _known_sources(self) -> dict[str, bool]:
        return {}

    def _is_expanded(self, name: str) -> bool:
        """Tell whether this is a task of ``expand(name=upstream.output)``."""
        given = mapped.expand_input.value if (mapped := self._mapped()) else None
        return isinstance(given, Mapping) and name in given and self.is_from_data(name)

    def _mapped(self) -> MappedOperator | None:
        dag = self.get_dag()
        mapped = dag.task_dict.get(self.task_id) if dag else None
        return mapped if isinstance(mapped, MappedOperator) else None

    def _is_mapped_data(self, name: str, value: object) -> bool:
        """Tell whether this task is mapped and no DAG file says what this argument of it is."""
        if not getattr(self, "_BaseOperator__from_mapped", False):
            return False
        if (mapped := self._mapped()) is None:
            return True
        return not is_authors(mapped.expand_input.value, mapped.partial_kwargs, name, value)

    def render_template(self, content: Any, context: Context, jinja_env: Any = None, *args: Any) -> Any:
        """Render a template, and leave the rest alone: a list of numbers would be compiled one by one.

        No text is taken for the name of a file here: a number or a name that ends in ".sql" is none.
        """
        if not isinstance(content, str) or jinja_env is None:
            return super().render_template(content, context, jinja_env, *args)
        if is_no_template(content, jinja_env):
            return content
        return self._render(jinja_env.from_string(content), context)

    def _render(self, template: jinja2.Template, context: Context, dag: DAG | None = None) -> Any:
        env = template.environment
        if not isinstance(env, jinja2.nativetypes.NativeEnvironment):
            return render_template_to_string(template, context)
        if not hasattr(env, KEEPS_PLUS):
            return super()._render(template, context, dag=dag)
        return render_numbers(template, context)


def is_authors(given: Any, shared: Mapping[str, Any], name: str, value: object) -> bool:
    """Tell whether the author of a DAG wrote this value into ``partial()``, or into what is expanded.

    :param given: what is expanded, as the DAG file has it.
    :param shared: what ``partial()`` was given.
    """
    if isinstance(given, Mapping) and name in given:  # expand()
        return isinstance(given[name], Sequence | Mapping)
    rows = given if isinstance(given, Sequence) else ()  # expand_kwargs()
    return any(row.get(name) is value for row in (shared, *rows) if isinstance(row, Mapping))


def render_numbers(template: jinja2.Template, context: Context) -> Any:
    """Return what a native template gives, as Airflow does, but a number with its plus."""
    merged: Any = copy(context)
    merged.update({name: value for name, value in template.globals.items() if name not in context})
    parts = list(template.root_render_func(template.new_context(merged, shared=True)))
    if not parts:
        return None
    if len(parts) == 1 and not isinstance(parts[0], str):
        return parts[0]
    text = "".join(map(str, parts))
    try:
        return read_with_plus(text)
    except UNREADABLE:
        return text


def text_environment(env: jinja2.Environment, dag: DAG | None) -> jinja2.Environment:
    """Return an environment like this one in which everything renders to text."""
    if not isinstance(env, jinja2.nativetypes.NativeEnvironment):
        return env
    if dag is None:
        return jinja2.sandbox.SandboxedEnvironment(undefined=jinja2.StrictUndefined)
    return dag.get_template_env(force_sandboxed=True)


def plus_environment(env: jinja2.Environment) -> jinja2.Environment:
    """Return an environment like this one in which a number keeps its plus, as it does in text."""
    if not isinstance(env, jinja2.nativetypes.NativeEnvironment):
        return env
    numbers = env.overlay()
    numbers.extend(**{KEEPS_PLUS: True})
    return numbers


def is_no_template(text: str, env: jinja2.Environment) -> bool:
    """Tell whether Jinja would return a text as it is, whatever delimiters the DAG has chosen."""
    of_lines = filter(None, (env.line_statement_prefix, env.line_comment_prefix))
    marks = (env.block_start_string, env.variable_start_string, env.comment_start_string, *of_lines)
    changed = "\r" in text or text.endswith("\n")  # Jinja has its own view of newlines
    return not changed and not any(mark in text for mark in marks)
