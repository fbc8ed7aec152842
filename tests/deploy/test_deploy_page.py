"""docs/deploy.md names each thing that the deployment title, and nothing that it does not."""

import re

from deploy.alerts import alerts
from deploy.functions import FUNCTIONS
from tests.support.planned import PLACE, plan
from tests.support.served import ROOT

PAGE = (ROOT / "docs" / "deploy.md").read_text("utf-8")
VERB = re.compile(r"^(create|deploy|enable|update|import|(add|set)(-.*)?)$")
"""gcloud's words that end the name of a kind of thing."""


def named() -> set[str]:
    """The kinds in the first column of the table of what there is."""
    table = PAGE.partition("\n## What there is")[2]
    return {kind for row in re.findall(r"^\| ([^|]*) \|", table, re.MULTILINE) for kind in re.findall("`([^`]+)`", row)}


def kind(line: str) -> str:
    """What kind of thing a command or request of the plan makes: gcloud's words for it, or the API's path."""
    words = line.split()
    if words[0] != "gcloud":
        return words[1]
    words = [word for word in words[1:] if word not in ("alpha", "beta")]
    return " ".join(words[: next(place for place, word in enumerate(words) if VERB.match(word))])


def is_named(kind: str) -> bool:
    """A request by any part of its path."""
    return any(f"/{name}" in kind for name in named()) if kind.startswith("https://") else kind in named()


def test_everything_created_is_in_the_table() -> None:
    kinds = {kind(line) for line in plan()}
    assert len(kinds) > 20
    assert {one for one in kinds if not is_named(one)} == set()


def test_everything_in_the_table_is_created() -> None:
    kinds = {kind(line) for line in plan()}
    assert {name for name in named() if name not in kinds and not any(f"/{name}" in one for one in kinds)} == set()


def test_the_page_has_the_deployed_settings() -> None:
    """Of each function: memory, timeout, requests at a time, instances at the most."""
    for one in FUNCTIONS:
        assert f"| `{one.name}` | {one.memory} | {one.timeout} s | {one.concurrency} | {one.max_instances} |" in PAGE


def test_the_page_counts_alert_conditions() -> None:
    conditions = sum(len(alert.conditions) for alert in alerts(PLACE))
    assert f"Alerts: {conditions} conditions" in PAGE
