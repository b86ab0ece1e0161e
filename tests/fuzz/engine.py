"""One fuzzing run of one target under atheris (libFuzzer): a process of its own, because libFuzzer ends the process."""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["collab"]):
    from tests.fuzz import session, wire


def main(target: str, seconds: str, data: str, seed: str, broken: str, *corpus: str) -> None:
    options = [
        seed,
        f"-max_total_time={seconds}",
        f"-artifact_prefix={broken}/",
        "-max_len=2048",
        "-len_control=0",
        "-timeout=120",
        "-rss_limit_mb=4096",
        "-print_final_stats=1",
        "-verbosity=1",
    ]
    session.LONGEST_TURN *= 3  # which is what counting covered lines does to Python
    with session.theatre(Path(data)) as theatre:
        atheris.Setup([sys.argv[0], *options, *corpus], wire.run if target == "wire" else theatre.run)
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
