"""Files worth trying things on, for a workspace in which nothing is yet."""

from pathlib import Path

from collab.files.files import Files

FIRST_FILES = Path(__file__).with_name("first_files")
"""``.txt`` keeps an untidy program from this project's own formatter."""


async def put_examples(files: Files, workspace: str, author: str) -> list[str]:
    """Their paths. What is there already stays as it is."""
    tree = await files.tree(workspace)
    paths = []
    for file in sorted(FIRST_FILES.iterdir()):
        path = file.name.removesuffix(".txt")
        if path not in tree.by_path:
            await files.write(workspace, path, file.read_bytes(), author)
            paths.append(path)
    return paths
