"""The billing account: that there is one, and that a budget warns of the costs. Both are often other people's, so
`deploy` changes neither."""

import json

from deploy.place import Place
from deploy.steps import Run, StepFailed, gcloud


def check_billing(place: Place, run: Run) -> None:
    """Raises `StepFailed` where nobody pays. Who may not see billing gets Google's own error at the first step that
    needs it."""
    looked = _look(place, run)
    if looked and not looked.get("billingEnabled"):
        raise StepFailed(
            f"No billing account pays for {place.project}: "
            f"https://console.cloud.google.com/billing/linkedaccount?project={place.project}"
        )


def budget(place: Place, run: Run) -> tuple[bool, str]:
    """Whether `deploy-check` may be content with the budget, and what it says of it."""
    account = str(_look(place, run).get("billingAccountName", "")).rpartition("/")[2]
    listed = gcloud(
        f"billing budgets list --billing-account={account} --format=json", project=place.project, retries=False
    )
    looked = run(listed) if account else None
    if looked is None or not looked.ok:
        return True, "unknown: you may not see it; ask whoever keeps the billing account (docs/deploy.md)"
    ours = f"projects/{place.project}"
    for one in json.loads(looked.stdout or "[]"):
        projects = one.get("budgetFilter", {}).get("projects", [])  # without any, it is of the whole account
        if one.get("thresholdRules") and (not projects or f"projects/{place.number}" in projects or ours in projects):
            return True, "there"
    create = gcloud(
        f"billing budgets create --billing-account={account} --display-name=rollcall --budget-amount=100USD"
        f" --threshold-rule=percent=0.9 --filter-projects={ours}",
        project=place.project,
    )
    return False, f"not there yet; set one, in the account's own currency: {create}"


def _look(place: Place, run: Run) -> dict[str, object]:
    looked = run(
        gcloud(f"billing projects describe {place.project} --format=json", project=place.project, retries=False)
    )
    found: dict[str, object] = json.loads(looked.stdout) if looked.ok else {}
    return found
