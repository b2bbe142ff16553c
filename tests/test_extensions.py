"""The documentation extensions state facts of this repository, and report problems of others."""

import re
import tomllib
from pathlib import Path
from textwrap import dedent

import copier
import pytest
from jinja2 import UndefinedError
from packaging.requirements import Requirement

from extensions.dependencies import requirement_conditions
from extensions.effects import question_effects
from extensions.environment import lint_templates, read_questions, template_environment
from extensions.features import feature_additions
from extensions.pages import render_page
from extensions.questions import default_answers, refusals
from tests.conftest import Render
from tests.harness.paths import ROOT

# A template with two features, of which one needs the other.
TEMPLATE = {
    "copier.yml": """\
        _subdirectory: template
        _envops: {undefined: jinja2.StrictUndefined}
        _exclude: ["{% if 'mail' not in features %}mail.py{% endif %}"]
        features:
          type: str
          multiselect: true
          default: [mail]
          choices: {"Mail: letters": mail, "Styles: what a letter looks like": styles}
          help: Which?
          validator: "{% if 'styles' in features and 'mail' not in features %}styles needs mail.{% endif %}"
        """,
    "template/mail.py": "",
    "template/style.txt.jinja": "{{ 'styles' in features }}",
    "template/pyproject.toml.jinja": """\
        [project]
        dependencies = ["django>=5"{% if 'mail' in features %}, "anymail>=1,<2"{% endif %}]
        [dependency-groups]
        local = [{% if 'mail' in features %}"mailbox>=3,<4", {% endif %}"ruff>=0.17"]
        """,
    "template/config/settings/base.py.jinja": """\
        DEBUG = False
        {% if 'mail' in features %}
        MAIL_HOST: str = ""
        retries = 1
        {% endif %}
        """,
    "template/.env.example.jinja": """\
        SITE=
        {% if 'mail' in features %}
        # MAIL_PORT=25
        {% endif %}
        """,
    "template/compose.yaml.jinja": """\
        services:
          web: {}
        {% if 'mail' in features %}
          mailpit: {}
        {% endif %}
        """,
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Give a repository with the files of `TEMPLATE`."""
    for path, content in TEMPLATE.items():
        write(tmp_path, path, content)
    return tmp_path


def write(repository: Path, path: str, content: str) -> None:
    """Write a file of a repository, its text freed of the indentation that the test's source gives it."""
    (repository / path).parent.mkdir(parents=True, exist_ok=True)
    (repository / path).write_text(dedent(content))


def copy_of_nothing(folder: Path) -> "copier.Worker":
    """Have Copier ask this repository's questions for an empty template, and return its worker."""
    write(folder, "empty/copier.yml", (ROOT / "copier.yml").read_text())
    write(folder, "empty/template/file", "")
    return copier.run_copy(str(folder / "empty"), folder / "project", defaults=True, quiet=True)


class TestQuestionsTag:
    """`{% questions %}` states each question that a person can answer."""

    def test_visible_questions_have_sections_and_hidden_ones_have_none(self) -> None:
        """Every entry of `copier.yml` except hidden flags is a question."""
        titles = [line[4:-1] for line in render_page("{% questions %}", ROOT).splitlines() if line.startswith("## ")]

        questions = read_questions(ROOT)
        assert titles == [name for name, question in questions.items() if question.get("when") is not False]
        assert {"project_name", "features"} <= set(titles)
        assert not {"celery", "reserved_names", "reserved_later"} & set(titles)

    def test_stated_defaults_are_those_that_copier_records(self, tmp_path: Path) -> None:
        """The reference and a render with defaults agree, including derived defaults and flags."""
        stated = default_answers(read_questions(ROOT), template_environment(ROOT))

        recorded = copy_of_nothing(tmp_path).answers.combined
        assert stated == {name: recorded[name] for name in stated}

    def test_derived_default_names_its_source(self) -> None:
        """Hidden names, such as the reserved ones, stay out of it."""
        assert (
            "- Default: `my_project`, derived from `project_name`" in render_page("{% questions %}", ROOT).splitlines()
        )

    def test_question_that_is_not_asked_says_how_to_set_it(self) -> None:
        """The example names another choice than the default."""
        assert "- Asked: no; set it with `-d database_pool=pgbouncer`" in render_page("{% questions %}", ROOT)

    def test_condition_and_plain_choices_are_stated(self, tmp_path: Path) -> None:
        """Conditions and choices without labels are shown unchanged."""
        write(
            tmp_path,
            "copier.yml",
            """\
            speed: {type: int, default: 3, help: "How fast?", choices: [3, 5], when: "{{ true }}"}
            """,
        )

        assert render_page("{% questions %}", tmp_path) == dedent("""\
            ## `speed`

            How fast?

            - Type: `int`, one of the choices below
            - Default: `3`
            - When: `{{ true }}`
            - Asked: yes
            - Choices:
                - `3`
                - `5`
            """)

    def test_refusals_are_the_messages_of_the_validator(self) -> None:
        """An answer is shown as its name, a computed value as an ellipsis."""
        validator = "{% if not a %}Say something.{% elif b %}{{ a }} is {{ a | length }} long.{% endif %}"

        assert refusals(validator, template_environment(ROOT)) == [
            "Say something.",
            "*a* is … long.",
        ]

    def test_default_that_uses_a_later_question_is_an_error(self, tmp_path: Path) -> None:
        """Copier would fail in the same place, when the first user runs it."""
        write(
            tmp_path,
            "copier.yml",
            """\
            _envops: {undefined: jinja2.StrictUndefined}
            first: {type: str, default: "{{ second }}", help: "First?"}
            second: {type: str, default: "", help: "Second?"}
            """,
        )

        with pytest.raises(UndefinedError, match="second"):
            render_page("{% questions %}", tmp_path)


class TestFeaturesTag:
    """`{% features %}` states what a feature adds, as renders show it."""

    def test_each_fact_is_a_difference_between_renders(self, repository: Path) -> None:
        """Files, requirements with their group, settings, environment names and services."""
        assert feature_additions(repository)["mail"] == {
            "Files": ["mail.py"],
            "Dependencies": ["anymail>=1,<2", "mailbox>=3,<4 (local)"],
            "Settings": ["MAIL_HOST"],
            "Environment": ["MAIL_PORT"],
            "Services": ["mailpit"],
            "Also in": [".env.example", "compose.yaml", "config/settings/base.py", "pyproject.toml"],
        }

    def test_feature_that_changes_one_file_adds_nothing_else(self, repository: Path) -> None:
        """The section has no empty parts."""
        section = render_page("{% features %}", repository).partition("## `styles`\n")[2]

        assert section.strip() == dedent("""\
            Styles: what a letter looks like. Off by default.

            - **Also in**: `style.txt`""")

    def test_template_without_the_files_that_are_read_is_no_error(self, repository: Path) -> None:
        """A fact whose file is absent is empty."""
        for path in ("pyproject.toml", ".env.example", "compose.yaml", "config/settings/base.py"):
            (repository / "template" / f"{path}.jinja").unlink()

        assert {title for title, names in feature_additions(repository)["mail"].items() if names} == {"Files"}

    def test_features_own_the_files_that_copier_yml_lists(self) -> None:
        """The reference of the real template, against three facts that hold for as long as these features do."""
        additions = feature_additions(ROOT)

        assert {"config/celery.py", "config/settings/components/celery.py"} <= set(additions["celery"]["Files"])
        assert "CELERY_BROKER_URL" in additions["celery"]["Environment"]
        assert any(requirement.startswith("sentry-sdk") for requirement in additions["sentry"]["Dependencies"])
        assert "compose.yaml" in additions["docker"]["Files"]


class TestDependenciesTag:
    """`{% dependencies %}` states what is installed, and what for."""

    def test_each_dependency_has_versions_a_group_and_a_purpose(self, repository: Path) -> None:
        """A dependency of every project has no `only with`."""
        assert render_page("{% dependencies %}", repository) == dedent("""\
            | package | versions | group | only with |
            |---|---|---|---|
            | `anymail` | `>=1,<2` |  | `mail` |
            | `django` | `>=5` |  |  |
            | `mailbox` | `>=3,<4` | local | `mail` |
            | `ruff` | `>=0.17` | local |  |
            """)

    def test_stated_dependencies_are_those_of_renders(self, rendered: Render) -> None:
        """The table is made without Copier; what Copier makes is held against it."""
        shown = {
            (requirement.package, requirement.versions, requirement.group): conditions
            for requirement, conditions in requirement_conditions(ROOT).items()
        }
        project = tomllib.loads(rendered({"features": ["celery"], "server": "asgi"}).read("pyproject.toml"))
        lines = {"": project["project"]["dependencies"], **project["dependency-groups"]}
        seen = {
            (parsed.name, line[line.index(">") :], group)
            for group, requirements in lines.items()
            for line in requirements
            if isinstance(line, str)
            for parsed in [Requirement(line)]
        }
        expected = {
            requirement
            for requirement, conditions in shown.items()
            if set(conditions) <= {"`celery`", "`server` asgi", "`django_version` 5.2"}
        }
        assert seen == expected


class TestEffects:
    """The page of questions says what an answer changes."""

    def test_added_changed_and_removed_files_are_those_of_a_render(self, repository: Path) -> None:
        """A feature's file, and the files that speak of it."""
        assert question_effects(repository)["features"] == [
            ".env.example",
            "compose.yaml",
            "config/settings/base.py",
            "mail.py",
            "pyproject.toml",
            "style.txt",
        ]

    def test_few_files_are_named_and_many_are_shown_as_folders(self) -> None:
        """A page is to be read."""
        page = render_page("{% questions %}", ROOT)

        assert "- Changes: `pyproject.toml`" in page.splitlines()
        assert re.search(r"^- Changes \d+ files: .*\d+ in `apps/catalog`", page, re.MULTILINE)


class TestLint:
    """Every template is read before it is rendered."""

    def test_this_repository_has_no_problem(self) -> None:
        """Every file with Jinja, in `template/` and `includes/`."""
        assert lint_templates(ROOT) == []

    def test_environment_is_the_one_that_copier_renders_with(self, tmp_path: Path) -> None:
        """Same options, same filters and tests; `yield` is for paths."""
        theirs = copy_of_nothing(tmp_path).jinja_env
        ours = template_environment(ROOT)

        options = ("undefined", "keep_trailing_newline", "trim_blocks", "lstrip_blocks")
        assert [getattr(ours, name) for name in options] == [getattr(theirs, name) for name in options]
        assert ours.filters.keys() == theirs.filters.keys()
        assert ours.tests.keys() == theirs.tests.keys()

    @pytest.mark.parametrize(
        ("source", "problem"),
        [
            ("one\n{{ projet_name }}\n", "2: `projet_name` is no question and not set in this file"),
            ("{% if features %}\n", "1: Unexpected end of template"),
            ("one\ntwo\n{% endif %}\n", "3: Encountered unknown tag 'endif'"),
            ("\n{{ features | shout }}\n", "2: No filter named 'shout'"),
            ("{% if features is loud %}{% endif %}\n", "1: No test named 'loud'"),
            ("\n{% import 'includes/absent.jinja' as absent %}\n", "2: `includes/absent.jinja` does not exist"),
        ],
    )
    @pytest.mark.parametrize("path", ["template/deep/er.txt.jinja", "includes/part.jinja"])
    def test_problem_is_reported_with_file_and_line(
        self, repository: Path, path: str, source: str, problem: str
    ) -> None:
        """Undeclared names, syntax, unknown filters and tests, absent imports."""
        write(repository, path, source)

        (found,) = lint_templates(repository)
        assert str(found).startswith(f"{path}:{problem}")

    def test_questions_copier_names_and_names_set_in_the_file_are_known(self, repository: Path) -> None:
        """So are loop variables, imports and Jinja's own functions."""
        write(repository, "includes/parts.jinja", "{% macro line(text) %}{{ text }}{% endmacro %}")
        write(
            repository,
            "template/file.txt.jinja",
            """\
            {% import 'includes/parts.jinja' as parts %}
            {% set greeting = 'hello' %}
            {{ greeting }} {{ features }} {{ _copier_conf.dst_path }} {{ _copier_answers | to_nice_yaml }}
            {% for number in range(3) %}{{ parts.line(number) }} {{ loop.index }}{% endfor %}
            """,
        )

        assert lint_templates(repository) == []
