"""Turn the users of a plain Django project into those of this one.

Reads from standard input what `manage.py dumpdata --natural-foreign` wrote in the old project, and writes to standard
output what `manage.py loaddata` takes in the new one: users are known by their addresses, and have new ids. What
points at a user, or at the right to change users, follows. Run it in the new project's folder. Where an address is
missing, wrong or shared by two, it says whose, and writes nothing.
"""

import collections
import json
import os
import sys
from typing import Any

import django
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models

OLD, NEW = "auth.user", "users.user"


def addresses(users: list[dict[str, Any]]) -> dict[str, str]:
    """Return the address of each user name. Exits where one cannot be used."""
    found = {user["username"]: user["email"].strip().lower() for user in users}
    owners = collections.Counter(found.values())
    field = apps.get_model(NEW)._meta.get_field("email")
    wrong = []
    for name, address in found.items():
        try:
            field.clean(address, None)
        except ValidationError as error:
            wrong.append(f"{name}: {address!r}: {' '.join(error.messages)}")
        else:
            if owners[address] > 1:
                wrong.append(f"{name}: {address}: Another user has this address.")
    if wrong:
        sys.exit("\n".join(["Give these users addresses in the old project, and dump it again:", *wrong]))
    return found


def points_at(field: models.Field) -> str:
    """Return the label of what a field points at, of User for its proxies; "" where it points at nothing."""
    return field.related_model._meta.concrete_model._meta.label_lower if field.related_model else ""


def follow(field: models.Field, value: Any, found: dict[str, str]) -> Any:
    """Return what a field that points at users, rights or types of content points at now."""
    keys = value if field.many_to_many else [value]
    target = points_at(field)
    if target == NEW:
        keys = [key and [found[key[0]]] for key in keys]
    elif target == "auth.permission":
        keys = [[key[0], *NEW.split(".")] if key and key[1:] == OLD.split(".") else key for key in keys]
    elif target == "contenttypes.contenttype":
        keys = [NEW.split(".") if key == OLD.split(".") else key for key in keys]
    return keys if field.many_to_many else keys[0]


def convert(row: dict[str, Any], ids: dict[Any, str], found: dict[str, str]) -> None:
    """Make a row one of the new project. `ids` has the new id of each user by the old one."""
    if row["model"] == OLD:
        row["model"] = NEW
        row["fields"]["email"] = found[row["fields"].pop("username")]
    model = apps.get_model(row["model"])
    # Of a user, and of what is known by its user.
    if NEW in (row["model"], points_at(model._meta.pk)):
        row["pk"] = ids[row["pk"]]
    row["fields"] = {name: follow(model._meta.get_field(name), value, found) for name, value in row["fields"].items()}


def main() -> None:
    """Convert everything."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    django.setup()
    rows = json.load(sys.stdin)
    known = {OLD, *(model._meta.label_lower for model in apps.get_models())}
    if unknown := sorted({row["model"] for row in rows} - known):
        sys.exit(f"Nothing here is called {', '.join(unknown)}: install it, or dump again with --exclude for each.")
    users = [row for row in rows if row["model"] == OLD]
    found = addresses([user["fields"] for user in users])
    ids = {user["pk"]: str(apps.get_model(NEW)._meta.pk.get_default()) for user in users}
    for row in rows:
        convert(row, ids, found)
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main()
