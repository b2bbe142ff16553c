"""Parse every file of a rendered project."""

import json
import tomllib

import yaml

from tests.harness.environments import find_python, runnable_python_versions
from tests.harness.project import Project

# In the Python of the project: that of the tests may be too old for its syntax.
_COMPILE = """
import sys, tokenize
for name in sys.argv[1:]:
    with tokenize.open(name) as stream:
        compile(stream.read(), name, "exec")
"""


def parse_files(project: Project) -> dict[str, int]:
    """Parse the files of a project, and return how many there were of each kind.

    Raises:
        ValueError: A TOML or JSON file is broken.
        yaml.YAMLError: A YAML file is broken.
        CommandFailedError: A Python file is broken.
    """
    python = []
    parsed = {"JSON": 0, "Python": 0, "TOML": 0, "YAML": 0}
    for path in project.files():
        name = str(path)
        match path.suffix:
            case ".json":
                json.loads(project.read(name))
                parsed["JSON"] += 1
            case ".py":
                python.append(name)
                parsed["Python"] += 1
            case ".toml":
                tomllib.loads(project.read(name))
                parsed["TOML"] += 1
            case ".yml" | ".yaml":
                list(yaml.safe_load_all(project.read(name)))
                parsed["YAML"] += 1
    interpreter = find_python(runnable_python_versions()[0])
    command = [str(interpreter)] if interpreter else ["uv", "run", "--no-project", "python"]
    project.run(*command, "-W", "error", "-c", _COMPILE, *python)
    return parsed
