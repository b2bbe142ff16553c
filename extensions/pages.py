"""Render the generated pages before Sphinx reads them."""

from pathlib import Path

from jinja2 import Environment, StrictUndefined

from extensions.dependencies import DependenciesExtension
from extensions.features import FeaturesExtension
from extensions.questions import QuestionsExtension


def render_page(source: str, repository: Path) -> str:
    """Return a Markdown page with its `{% questions %}`, `{% features %}` and `{% dependencies %}` tags rendered.

    Raises:
        jinja2.TemplateError: The page, or a template of the repository, is not valid.
        ValueError: `copier.yml` refuses its own defaults.
    """
    environment = Environment(  # noqa: S701 - the result is Markdown
        extensions=[QuestionsExtension, FeaturesExtension, DependenciesExtension], undefined=StrictUndefined
    )
    return environment.from_string(source).render(repository=repository)
