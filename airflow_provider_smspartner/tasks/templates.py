"""Which text of a task is a template: what the DAG's author wrote, never what comes out of data.

Airflow renders a mapped task after it has been given its values. Those that an upstream task returned to
``expand_kwargs`` it renders like the author's own: a customer whose name is
``{{ conn.smspartner_default.password }}`` would be sent the key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import jinja2.nativetypes
from airflow.sdk.definitions.context import render_template_to_string
from airflow.sdk.definitions.mappedoperator import MappedOperator

from airflow_provider_smspartner.tasks.mapping import ChecksMappedArguments

if TYPE_CHECKING:
    from airflow.sdk import DAG, Context


class RendersOnlyTheAuthor(ChecksMappedArguments):
    """An operator or sensor that renders what its DAG's author wrote, and leaves data alone."""

    text_fields: Sequence[str] = ()
    """Templated arguments that are text also where ``render_template_as_native_obj`` makes 33 of "33"."""

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
        names = [name for name in template_fields if name not in self.fields_from_data]
        for env, text in ((jinja_env, False), (text_environment(jinja_env, self.get_dag()), True)):
            wanted = [name for name in names if (name in self.text_fields) is text]
            super()._do_render_template_fields(self, wanted, context, env, set())
        for name in self.text_fields:
            if isinstance(getattr(self, name), int | float):  # out of an XCom
                setattr(self, name, str(getattr(self, name)))

    @cached_property
    def fields_from_data(self) -> frozenset[str]:
        """Templated arguments of a mapped task that came out of an XCom; none of a task that is not mapped.

        Asked before one of them is changed: where a value comes from is told by its identity.
        """
        return frozenset(
            name for name in self.template_fields if self._is_mapped_data(name, getattr(self, name))
        )

    def _is_mapped_data(self, name: str, value: object) -> bool:
        """Tell whether this task is mapped and no DAG file says what this argument of it is."""
        if not getattr(self, "_BaseOperator__from_mapped", False):
            return False
        dag = self.get_dag()
        mapped = dag.task_dict.get(self.task_id) if dag else None
        if not isinstance(mapped, MappedOperator):
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
        if isinstance(template.environment, jinja2.nativetypes.NativeEnvironment):
            return super()._render(template, context, dag=dag)
        return render_template_to_string(template, context)


def is_authors(given: Any, shared: Mapping[str, Any], name: str, value: object) -> bool:
    """Tell whether the author of a DAG wrote this value into ``partial()``, or into what is expanded.

    :param given: what is expanded, as the DAG file has it.
    :param shared: what ``partial()`` was given.
    """
    if isinstance(given, Mapping) and name in given:  # expand()
        return isinstance(given[name], Sequence | Mapping)
    rows = given if isinstance(given, Sequence) else ()  # expand_kwargs()
    return any(row.get(name) is value for row in (shared, *rows) if isinstance(row, Mapping))


def text_environment(env: jinja2.Environment, dag: DAG | None) -> jinja2.Environment:
    """Return an environment like this one in which everything renders to text."""
    if not isinstance(env, jinja2.nativetypes.NativeEnvironment):
        return env
    if dag is None:
        return jinja2.sandbox.SandboxedEnvironment(undefined=jinja2.StrictUndefined)
    return dag.get_template_env(force_sandboxed=True)


def is_no_template(text: str, env: jinja2.Environment) -> bool:
    """Tell whether Jinja would return a text as it is, whatever delimiters the DAG has chosen."""
    of_lines = filter(None, (env.line_statement_prefix, env.line_comment_prefix))
    marks = (env.block_start_string, env.variable_start_string, env.comment_start_string, *of_lines)
    changed = "\r" in text or text.endswith("\n")  # Jinja has its own view of newlines
    return not changed and not any(mark in text for mark in marks)
