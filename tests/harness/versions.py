"""A template with a history: its releases, the working tree, and a later version."""

from pathlib import Path

from releases.history import supported_releases
from tests.harness.edits import edits_of
from tests.harness.git import commit_everything, git
from tests.harness.paths import ROOT
from tests.harness.snapshot import copy_working_tree

# Versions above all releases: the working tree, and one that changes each file of `edits.py`.
NEXT, LATER = "v9998.0.0", "v9999.0.0"
LATER_LINE = "# Of a later version of the template."
NEW_LATER = "docs/later.md"


def make_versions(template: Path) -> Path:
    """Create a template repository with a tag for each version, and return it."""
    git(ROOT, "clone", "--quiet", "--no-hardlinks", str(ROOT), str(template))
    for tag in git(template, "tag").split():
        git(template, "tag", "--delete", tag)
    for release in supported_releases(ROOT):
        git(template, "tag", release.tag, release.commit)

    git(template, "rm", "-r", "--quiet", ".")
    copy_working_tree(template)
    commit_everything(template, "The working tree", tag=NEXT)

    for path in sorted({edit.path for ci in ("github", "gitlab") for edit in edits_of({"ci": ci})}):
        for source in (template / "template" / path, template / "template" / f"{path}.jinja"):
            if source.exists():
                source.write_text(
                    f"{source.read_text(encoding='utf-8').rstrip()}\n\n\n{LATER_LINE}\n", encoding="utf-8"
                )
    (template / "template" / NEW_LATER).write_text("# Later\n", encoding="utf-8")
    commit_everything(template, "Later", tag=LATER)
    return template
