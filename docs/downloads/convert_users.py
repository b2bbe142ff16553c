"""Convert the users of a plain Django project for this project. Run it in the folder of the new project.

It reads the output of `manage.py dumpdata --natural-foreign` of the old project from standard input, and writes the
input of `manage.py loaddata` to standard output. Users get their email address as login, and new ids. References to
users and to permissions on users are updated. If an email address is missing, invalid or shared, the script names the
users and writes nothing.
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
    """Return the email address of each user name. Exit if an address cannot be used."""
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
        sys.exit("\n".join(["Give these users unique email addresses in the old project, and dump it again:", *wrong]))
    return found


def target_of(field: models.Field) -> str:
    """Return the label of the model that a field refers to (of User for its proxies), or "" if it is not a relation."""
    return field.related_model._meta.concrete_model._meta.label_lower if field.related_model else ""


def updated(field: models.Field, value: Any, found: dict[str, str]) -> Any:
    """Return the value of a field, with references to users, permissions and content types updated."""
    keys = value if field.many_to_many else [value]
    target = target_of(field)
    if target == NEW:
        keys = [key and [found[key[0]]] for key in keys]
    elif target == "auth.permission":
        keys = [[key[0], *NEW.split(".")] if key and key[1:] == OLD.split(".") else key for key in keys]
    elif target == "contenttypes.contenttype":
        keys = [NEW.split(".") if key == OLD.split(".") else key for key in keys]
    return keys if field.many_to_many else keys[0]


def convert(row: dict[str, Any], ids: dict[Any, str], found: dict[str, str]) -> None:
    """Convert a row in place. `ids` maps old to new user ids."""
    if row["model"] == OLD:
        row["model"] = NEW
        row["fields"]["email"] = found[row["fields"].pop("username")]
    model = apps.get_model(row["model"])
    # A user, or a row whose primary key is its user.
    if NEW in (row["model"], target_of(model._meta.pk)):
        row["pk"] = ids[row["pk"]]
    row["fields"] = {name: updated(model._meta.get_field(name), value, found) for name, value in row["fields"].items()}


def main() -> None:
    """Convert the dump."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    django.setup()
    rows = json.load(sys.stdin)
    known = {OLD, *(model._meta.label_lower for model in apps.get_models())}
    if unknown := sorted({row["model"] for row in rows} - known):
        sys.exit(f"Unknown models: {', '.join(unknown)}. Install their apps, or dump again with --exclude for each.")
    users = [row for row in rows if row["model"] == OLD]
    found = addresses([user["fields"] for user in users])
    ids = {user["pk"]: str(apps.get_model(NEW)._meta.pk.get_default()) for user in users}
    for row in rows:
        convert(row, ids, found)
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main()
