"""A rendered project and its commands."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness.commands import clean_environment, execute
from tests.harness.questions import Answers


@dataclass(frozen=True)
class Project:
    """A rendered project.

    Attributes:
        path: Its folder.
        answers: The answers that it was rendered with, without defaults.
        variables: Environment variables of its commands, in addition to the clean ones.
    """

    path: Path
    answers: Answers
    variables: Mapping[str, str] = field(default_factory=dict)

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return all environment variables of a command of this project."""
        return {**clean_environment(), **self.variables, **(extra or {})}

    def run(
        self,
        *command: str | Path,
        env: Mapping[str, str] | None = None,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the project; see `execute`."""
        return execute(
            *command,
            directory=self.path,
            environment=self.environment(env),
            check=check,
        )

    def make(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run `make` in the project; see `execute`."""
        return self.run("make", *arguments, env=env, check=check)

    def test(self, env: Mapping[str, str], some: str = "") -> str:
        """Run its tests in one process, since tests here run in parallel, and return the output.

        Args:
            env: Environment variables that lead to its services.
            some: What pytest is told besides, such as a path; nothing runs all tests.

        Raises:
            CommandFailedError: A test failed.
        """
        return self.make("test", "PROCESSES=0", *([f"ARGS={some}"] if some else []), env=env).stdout

    def python(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run the Python of the project's own environment; see `execute`."""
        return self.run(self.path / ".venv" / "bin" / "python", *arguments, env=env, check=check)

    def evaluate(self, expression: str, *imports: str, settings: str = "local") -> object:
        """Return the value of a Python expression in the set up Django project.

        Args:
            expression: What to evaluate; its value must be plain data.
            imports: Statements to execute first.
            settings: Which of the project's settings to use.
        """
        code = "\n".join(
            [
                "import django, json",
                "django.setup()",
                *imports,
                f"print(json.dumps({expression}))",
            ]
        )
        env = {"DJANGO_SETTINGS_MODULE": f"config.settings.{settings}"}
        value: object = json.loads(self.python("-c", code, env=env).stdout.splitlines()[-1])
        return value

    def read(self, name: str) -> str:
        """Return the text of a file with its original line ends."""
        return (self.path / name).read_bytes().decode("utf-8")

    def write(self, name: str, text: str) -> None:
        """Write a file, and create its folders."""
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="")

    def append(self, name: str, text: str) -> None:
        """Append text to a file."""
        self.write(name, self.read(name) + text)

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace the only occurrence of a text in a file.

        Raises:
            AssertionError: It occurs never, or more than once.
        """
        text = self.read(name)
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))

    def files(self) -> list[Path]:
        """Return the rendered files, relative to the project, in order.

        What commands leave behind (environments, caches, repositories) is not rendered.
        """
        left_behind = {".git", ".local", ".venv", "__pycache__", ".ruff_cache", ".mypy_cache"}
        return sorted(
            path.relative_to(self.path)
            for path in self.path.rglob("*")
            if path.is_file() and not left_behind & set(path.relative_to(self.path).parts)
        )
