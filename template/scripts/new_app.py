"""Start an app in `apps/`, in the shape that the others have.

Run by `make app NAME=billing`. Writes a package with nothing in it that would have to be deleted, and prints what
else to do. Refuses a name that is no lower-case identifier or that is taken.
"""

import keyword
import re
import sys
from pathlib import Path

FILES = {
    "__init__.py": '"""{title}."""\n',
    "apps.py": '"""The app of {name}."""\n\nfrom django.apps import AppConfig\n\n\n'
    'class {title}Config(AppConfig):\n    """{title}."""\n\n    name = "apps.{name}"\n',
    "models.py": '"""The data of {name}, and its constraints."""\n',
    "selectors.py": '"""Reading {name}."""\n',
    "services.py": '"""Changing {name}. Each function is one transaction."""\n',
    "urls.py": '"""Routes of {name}, under `/api/v1/`."""\n\nfrom django.urls import URLPattern\n\n'
    'app_name = "{name}"\n\nurlpatterns: list[URLPattern] = []\n',
    "migrations/__init__.py": '"""How the tables of {name} came to be."""\n',
    "tests/__init__.py": '"""Tests of `apps.{name}`."""\n',
    "tests/endpoints.py": '"""The endpoints of {name}: who may call them, and what a call costs. '
    'Walked by `tests/test_endpoints.py`."""\n\nfrom tests.endpoint import Endpoint\n\n'
    "ENDPOINTS: list[Endpoint] = []\n",
}

NEXT = """apps/{name}/ is there. Now name it
  1. in config/settings/components/project.py, in PROJECT_APPS:
       "apps.{name}"
  2. in config/api.py, in urlpatterns:
       path("{name}/", include("apps.{name}.urls"))
  3. in pyproject.toml, under [tool.importlinter], beside apps.users:
       containers      "apps.{name}"
       layers          "apps.{name}", above apps.users if it calls users
       source_modules  "apps.{name}.services", "apps.{name}.selectors"
     and with a contract of its own:
       [[tool.importlinter.contracts]]
       name = "The models of {name} are its own: others call its services and selectors"
       type = "protected"
       protected_modules = ["apps.{name}.models"]
       allowed_importers = ["apps.{name}"]
       ignore_imports = ["apps.*.tests.* -> **"]
Once it has models: make migrations. Each route needs a row in apps/{name}/tests/endpoints.py."""


def main(arguments: list[str]) -> int:
    """Write the app that the arguments name, and return the exit status."""
    name = arguments[0] if len(arguments) == 1 else ""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        print("Give one name in lower case: make app NAME=billing", file=sys.stderr)
        return 1
    folder = Path("apps") / name
    if folder.exists():
        print(f"{folder} exists: choose another name, or remove it first", file=sys.stderr)
        return 1
    title = "".join(part.capitalize() for part in name.split("_"))
    for path, text in FILES.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.format(name=name, title=title), encoding="utf-8")
    print(NEXT.format(name=name))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
