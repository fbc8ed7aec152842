"""What a page of an event's own takes, as ratios to a bare function that answers with the same bytes.

functions-framework's server serves both with one worker and the same settings; wrk asks as a browser does. Subjects
take turns, and each round reverses their order. Prints the table of docs/performance.md, updates the page, and writes
`bench/results/pages.json`. Takes three minutes.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from http.client import HTTPConnection
from pathlib import Path

from bench.load import get_page
from bench.machine import no_arguments, write_results
from bench.page import put
from bench.ratios import Goal, Spread, ratios
from bench.serving import FRAMEWORK, ROOT
from bench.subjects import EVENT, Subject
from rollcall.record import to_json
from rollcall.store.folder_published import FolderPublished
from tests.support.builders import write_open_event
from tests.support.event_pages import SITE

_BARE, _PAGES = "bare function", "pages"
_CONNECTIONS, _ROUNDS, _WARM_UP, _SECONDS = 8, 6, 2, 4
GOAL = Goal(1.25)
PATHS = {"overview": "", "contributions": "/fr/contributions"}


@dataclass(frozen=True)
class Loaded:
    cpu: float
    """Milliseconds a page."""
    rate: float
    """Pages a second."""
    p50: float
    """Milliseconds of latency."""


def main() -> None:
    """`python -m bench.pages`."""
    found = {name: _compared(path) for name, path in PATHS.items()}
    made = table(found)
    print(made)
    put(made)
    write_results("pages", {name: {of: asdict(one) for of, one in row.items()} for name, row in found.items()})
    missed = [name for name, row in found.items() if "MISSED" in GOAL.says(row["cpu"].median)]
    if missed:
        raise SystemExit(f"A page takes more than {GOAL.bound} times the bare function: {', '.join(missed)}")


def table(found: dict[str, dict[str, Spread]]) -> str:
    lines = ["| a page, as ratio to a bare function with the same bytes | CPU time | pages a second | median latency |"]
    lines.append("| --- | --- | --- | --- |")
    lines += [f"| {name} | {row['cpu']} | {row['rate']} | {row['p50']} |" for name, row in found.items()]
    return "\n".join(lines)


def _compared(path: str) -> dict[str, Spread]:
    """By measure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_open_event(folder, slug=EVENT)
        FolderPublished(folder / "published").put_site(EVENT, to_json(replace(SITE, event=EVENT)), None)
        subjects = _subjects(folder, path)
        loaded: dict[str, list[Loaded]] = {_PAGES: [], _BARE: []}
        for round in range(_ROUNDS):
            for subject in subjects if round % 2 else reversed(subjects):
                loaded[subject.name].append(_loaded(subject))
    measures = ("cpu", "rate", "p50")
    return {one: ratios(*([getattr(of, one) for of in loaded[name]] for name in (_PAGES, _BARE))) for one in measures}


def _subjects(folder: Path, path: str) -> Sequence[Subject]:
    settings = {
        "EVENTS": str(folder),
        "PUBLISHED": str(folder / "published"),
        "PAGES": "https://desk.example.org/register",
    }
    pages = Subject(_PAGES, (FRAMEWORK, "--target", "pages"), f"/events/{EVENT}{path}", {**settings, "TZ": "UTC"})
    page = folder / "page.html.gz"
    with pages.served({}) as server:
        server.first_answer(lambda served: served.ask("HEAD", pages.path))
        page.write_bytes(_page(server.served.port, pages.path))
    source = str(ROOT / "bench" / "hello" / "page.py")
    command = (FRAMEWORK, "--target", "register", "--source", source)
    return pages, Subject(_BARE, command, environment={"PYTHONPATH": str(ROOT), "PAGE": str(page)})


def _page(port: int, path: str) -> bytes:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"Accept-Encoding": "gzip", "Accept-Language": "fr"})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
    return answer.read()


def _loaded(subject: Subject) -> Loaded:
    with subject.served({}) as server:
        server.first_answer(lambda served: served.ask("HEAD", subject.path))
        url = f"http://127.0.0.1:{server.served.port}{subject.path}"
        get_page(url, _CONNECTIONS, _WARM_UP)
        before = server.cpu()
        load = get_page(url, _CONNECTIONS, _SECONDS)
        return Loaded((server.cpu() - before) * 1000 / load.created, load.rate, load.p50)


if __name__ == "__main__":
    no_arguments(__doc__)
    main()
