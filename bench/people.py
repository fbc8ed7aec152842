"""Several people in one text, at random: that no form without a doubt has an answer of somebody else's, and that nobody
is lost. `make bench-people`; tests/inbound/test_people_apart.py runs the first hundred.

Prints the seeds that went wrong, and how many forms were certain, doubtful and incomplete.
"""

import sys
from collections import Counter
from pathlib import Path

from schemas.event import read_event
from tests.support.several_people import found_in, mixed, several_people

RUNS = 6000
EVENT = read_event(Path(__file__).parent.parent / "events" / "intgov04.toml")


def main() -> int:
    counted: Counter[str] = Counter()
    wrong = 0
    for seed in range(RUNS):
        people = several_people(EVENT, seed)
        found = found_in(EVENT, people)
        counted.update(
            "doubtful" if form.doubts else "certain" if form.registration else "incomplete" for form in found.forms
        )
        if said := mixed(people, found):
            wrong += 1
            print(f"seed {seed}: {'; '.join(said)}")
    print(f"{RUNS} texts, {sum(counted.values())} forms: {dict(counted)}; wrong: {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
