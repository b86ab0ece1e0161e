"""Coverage-guided fuzzing: `python -m tests.fuzz [wire|session …] --minutes 60`; see `make fuzz`.

Each target runs in a process of its own and starts from the inputs in `seeds/<target>`, and from what an earlier run on
this machine found worth keeping (`.fuzz/<target>`). An input that breaks a promise is saved as `broken/<target>/…`,
where `test_fuzz.py` runs it again for ever after.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent
TARGETS = ("wire", "session")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", default=TARGETS, metavar="target", help=" or ".join(TARGETS))
    parser.add_argument("--minutes", type=float, default=1.0, help="for all targets together")
    parser.add_argument("--corpus", type=Path, default=Path(".fuzz"), help="where interesting inputs are kept")
    parser.add_argument("--broken", type=Path, default=FOLDER / "broken", help="where breaking inputs are saved")
    parser.add_argument("--seed", type=int, default=0, help="of the dice; 0 takes another each time")
    arguments = parser.parse_args()
    failed = []
    for target in arguments.targets:
        seconds = int(arguments.minutes * 60 / len(arguments.targets))
        print(f"{target}: {seconds} s", flush=True)
        with tempfile.TemporaryDirectory() as data:
            run = [
                "-m",
                "tests.fuzz.engine",
                target,
                str(seconds),
                data,
                f"-seed={arguments.seed}",
                *_folders(arguments, target),
            ]
            if subprocess.run([sys.executable, *run]).returncode:
                failed.append(target)
    print(f"broken: {', '.join(failed)}" if failed else "nothing broken")
    return len(failed)


def _folders(arguments: argparse.Namespace, target: str) -> list[str]:
    folders = [arguments.broken / target, arguments.corpus / target]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    return [str(folder) for folder in (*folders, FOLDER / "seeds" / target)]


if __name__ == "__main__":
    sys.exit(main())
