"""Texts of templates, translated once when a template is compiled: each language has templates of its own anyway.

`_("Save")` becomes what that language says, instead of a look-up for each page. What has fields, as in
`_("Person %(number)s", number=1)`, is looked up as ever.
"""

from __future__ import annotations

from gettext import NullTranslations
from typing import Any

from jinja2 import Environment, nodes
from jinja2.visitor import NodeTransformer


class TranslatedEnvironment(Environment):
    """Its templates speak the language of `catalogue`."""

    def __init__(self, catalogue: NullTranslations, **options: Any) -> None:
        super().__init__(extensions=["jinja2.ext.i18n"], **options)
        self._catalogue = catalogue
        self.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree: nodes.Template = _Settle(self._catalogue).visit(super()._parse(source, name, filename))
        return tree


class _Settle(NodeTransformer):
    def __init__(self, catalogue: NullTranslations) -> None:
        self._catalogue = catalogue

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - jinja's visitor finds it by this name
        self.generic_visit(node)
        called, plain = node.node, not (node.kwargs or node.dyn_args or node.dyn_kwargs)
        if isinstance(called, nodes.Name) and called.name == "_" and plain and len(node.args) == 1:
            [text] = node.args
            if isinstance(text, nodes.Const):
                # A text without fields is a format all the same, and safe: as where it is looked up.
                told = nodes.Const(self._catalogue.gettext(text.value) % {}, lineno=node.lineno)
                return nodes.MarkSafe(told, lineno=node.lineno)
        return node
