"""A clean copy of the working tree, as a template repository."""

import shutil
from pathlib import Path

from tests.harness.git import commit_everything, git
from tests.harness.paths import ROOT


def copy_working_tree(destination: Path) -> None:
    """Copy all files that git would commit, including changed and new ones.

    Args:
        destination: A folder; its other files are kept.
    """
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    for name in filter(None, listed):
        source = ROOT / name
        # git lists a deleted file until its deletion is committed.
        if source.is_file():
            target = destination / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def take_snapshot(destination: Path) -> Path:
    """Copy the working tree into a new git repository with one commit and its tag.

    Copier warns about a template with uncommitted changes and versions it by luck;
    the snapshot is clean, whatever the state of the checkout.

    Returns:
        The path of the repository, `destination`.
    """
    destination.mkdir(parents=True)
    copy_working_tree(destination)
    commit_everything(destination, "Snapshot of the working tree", tag="0.0.1")
    return destination
