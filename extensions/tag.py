"""The base of the tags: each renders a reference of the repository."""

from abc import abstractmethod
from pathlib import Path

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser


class ReferenceTag(Extension):
    """A tag without arguments, for a page that has the variable `repository`."""

    def parse(self, parser: Parser) -> nodes.Node:
        """Return the node that prints the reference."""
        line = next(parser.stream).lineno
        repository = nodes.Name("repository", "load", lineno=line)
        reference = self.call_method("reference", [repository], lineno=line)
        return nodes.Output([reference], lineno=line)

    @abstractmethod
    def reference(self, repository: Path) -> str:
        """Return the reference as Markdown."""
