"""SendGrid's side of `make deploy`, against a local account over HTTP, by the real library."""

import copy
import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from deploy.place import Place
from deploy.sendgrid import Api, authenticated_domain, open_api, steps
from deploy.steps import Result, StepFailed
from schemas.deliveries import DELIVERIES
from tests.support.sendgrid_settings import ENGINEERS_KEY, Account, sendgrid_account
from tests.support.sendgrid_steps import DOMAIN, NAME, PLACE, Kept, api_of, apply_all, no_command
from tests.support.served import ROOT

EU = replace(PLACE, sendgrid_region="eu")


@pytest.fixture
def account() -> Iterator[Account]:
    with sendgrid_account() as account:
        yield account
    assert account.faults == []
    assert account.orders == []


@pytest.fixture
def secrets() -> Kept:
    return Kept()


def test_makes_all_that_the_desk_needs(account: Account, secrets: Kept) -> None:
    came = apply_all(account, secrets)

    assert came == [Result.UPDATED] * 2 + [Result.CREATED] * 5
    assert account.tracking == {"click": False, "open": False}
    [domain] = account.domains
    assert (domain["domain"], domain["automatic_security"], domain["default"]) == (DOMAIN, True, False)
    [key] = account.keys.values()
    assert (key["name"], key["scopes"]) == (NAME, ["mail.send"])
    [webhook] = account.webhooks
    assert (webhook["url"], webhook["enabled"]) == (f"https://{DOMAIN}/record-deliveries", True)
    assert {one for one, value in webhook.items() if value is True} - {"enabled"} == set(DELIVERIES)
    [policy] = account.policies
    assert account.parse == {
        DOMAIN: {
            "url": f"https://{DOMAIN}/receive-email",
            "hostname": DOMAIN,
            "send_raw": True,
            "spam_check": True,
            "security_policy": policy["id"],
        }
    }
    assert secrets.held == {
        "sendgrid-key": key["api_key"],
        "delivery-events-key": webhook["public_key"],
        "inbound-key": policy["signature"]["public_key"],
    }
    assert ("POST", "/v3/mail/send") in account.asked


def test_a_domain_of_a_subuser_in_the_eu_is_authenticated_there(account: Account, secrets: Kept) -> None:
    [domain] = [step for step in steps(EU, api_of(account), secrets) if "authentication of" in step.title]
    assert domain.apply(no_command) is Result.CREATED
    assert account.domains[0]["region"] == "eu"
    planned = [line for step in steps(EU, open_api({"SENDGRID_REGION": "eu"}), secrets) for line in step.plan()]
    assert planned
    assert all("https://api.eu.sendgrid.com/v3/" in line for line in planned)


def test_only_looks_the_second_time(account: Account, secrets: Kept) -> None:
    apply_all(account, secrets)
    held = dict(secrets.held)
    account.asked.clear()

    assert apply_all(account, secrets) == [Result.UNCHANGED] * 7

    assert account.changes == []
    assert secrets.held == held


@pytest.mark.parametrize(
    ("spoil", "came"),
    [
        (lambda account: account.tracking.update(click=True), Result.UPDATED),
        (lambda account: account.webhooks[0].update(delivered=False), Result.UPDATED),
        (lambda account: account.webhooks[0].update(open=True), Result.UPDATED),
        (lambda account: account.webhooks[0].update(enabled=False), Result.UPDATED),
        (lambda account: account.parse[DOMAIN].update(send_raw=False), Result.UPDATED),
        (lambda account: account.parse[DOMAIN].update(url="https://old.example.org/"), Result.UPDATED),
        (lambda account: account.parse[DOMAIN].pop("security_policy"), Result.UPDATED),
        (lambda account: account.keys.clear(), Result.CREATED),
    ],
)
def test_changes_only_what_differs(
    account: Account, secrets: Kept, spoil: Callable[[Account], object], came: Result
) -> None:
    apply_all(account, secrets)
    before = copy.deepcopy((account.tracking, account.domains, account.webhooks, account.policies, account.parse))
    spoil(account)

    assert sorted(apply_all(account, secrets)) == sorted([Result.UNCHANGED] * 6 + [came])

    assert (account.tracking, account.domains, account.webhooks, account.policies, account.parse) == before
    assert apply_all(account, secrets) == [Result.UNCHANGED] * 7


def test_turns_the_signature_on_again_and_keeps_the_key_beside_the_old_one(account: Account, secrets: Kept) -> None:
    apply_all(account, secrets)
    old = account.webhooks[0].pop("public_key")

    apply_all(account, secrets)

    assert secrets.held["delivery-events-key"] == f"{old} {account.webhooks[0]['public_key']}"


def test_leaves_what_is_other_peoples(account: Account, secrets: Kept) -> None:
    api = api_of(account)
    for step in steps(Place("p", "1", "r", f"other.{DOMAIN}", "on-call@example.org"), api, Kept()):
        step.apply(no_command)
    others = copy.deepcopy((account.keys, account.domains, account.webhooks, account.policies, account.parse))

    apply_all(account, secrets)
    assert [len(one) for one in (account.keys, account.webhooks, account.policies, account.parse)] == [2, 2, 2, 2]
    for step in reversed(steps(PLACE, api, secrets)):
        step.remove(no_command)

    account.domains.pop()
    assert (account.keys, account.domains, account.webhooks, account.policies, account.parse) == others


def test_takes_away_all_but_the_domain(account: Account, secrets: Kept) -> None:
    apply_all(account, secrets)

    away = [step.remove(no_command) for step in reversed(steps(PLACE, api_of(account), secrets))]
    again = [step.remove(no_command) for step in reversed(steps(PLACE, api_of(account), secrets))]

    assert away == [Result.DELETED] * 4 + [Result.UNCHANGED] * 3
    assert again == [Result.ABSENT] * 4 + [Result.UNCHANGED] * 3
    assert (account.keys, account.webhooks, account.policies, account.parse) == ({}, [], [], {})
    assert len(account.domains) == 1


@pytest.mark.parametrize("otherwise", [{"automatic_security": False}, {"legacy": True}])
def test_a_domain_that_was_authenticated_otherwise_is_left_alone(
    account: Account, secrets: Kept, otherwise: dict[str, bool]
) -> None:
    """Its records are others than the three that are handed on."""
    apply_all(account, secrets)
    account.domains[0].update(otherwise)

    assert apply_all(account, secrets)[2] is Result.CREATED

    ours = authenticated_domain(PLACE, api_of(account))
    assert ours
    assert [one["id"] for one in account.domains[1:]] == [ours.id]


def test_keeps_the_policy_that_signs_already(account: Account, secrets: Kept) -> None:
    """Set up by hand after docs/e-mail.md: another would be unknown to the functions that run."""
    apply_all(account, secrets)
    account.policies[0]["name"] = "by hand"

    assert apply_all(account, secrets) == [Result.UNCHANGED] * 7


def test_attaches_the_policy_even_where_it_was_passed_over(account: Account, secrets: Kept) -> None:
    account.forgets_policy = True

    assert apply_all(account, secrets)[-1] is Result.CREATED

    assert account.parse[DOMAIN]["security_policy"] == account.policies[0]["id"]


@pytest.mark.parametrize("status", [400, 403])
def test_does_not_wait_for_dns(
    account: Account, secrets: Kept, capsys: pytest.CaptureFixture[str], status: int
) -> None:
    account.insists_on_records, account.refuses_with = True, status

    assert apply_all(account, secrets)[-1] is Result.ABSENT

    said = capsys.readouterr().out
    assert "hostname does not belong to an authenticated domain\n" in said  # and nothing about a scope
    assert f"e-mails from registration@{DOMAIN} once the DNS records are set" in said
    assert set(secrets.held) == {"sendgrid-key", "delivery-events-key", "inbound-key"}
    account.records_are_set = account.domains[0]["valid"] = True
    assert apply_all(account, secrets) == [Result.UNCHANGED] * 6 + [Result.CREATED]


def test_a_parse_setting_refused_for_another_reason_is_no_matter_of_dns(account: Account, secrets: Kept) -> None:
    account.orders.append(("POST", "user/webhooks/parse/settings", 403))

    with pytest.raises(StepFailed, match=r"lacks the scope: user\.webhooks\.parse\.settings\.create"):
        apply_all(account, secrets)


def test_the_plan_needs_no_key_and_asks_nothing(account: Account, secrets: Kept) -> None:
    def key() -> str:
        raise AssertionError("a plan needs no key")

    all = steps(PLACE, Api(key, account.url), secrets)
    planned = [line for step in all for line in step.plan()]
    away = [line for step in all for line in step.plan_removal()]

    assert account.asked == []
    assert f"https://{DOMAIN}/record-deliveries" in "\n".join(planned)
    assert '"scopes": ["mail.send"]' in "\n".join(planned)
    assert not any(step.holds_data for step in all)
    apply_all(account, secrets)
    for method, path in account.changes:  # and nothing is done that was not planned
        start = path.rpartition("/")[0] if "/signed/" in path else path
        assert any(line.startswith(f"{method} {account.url}{start}") for line in planned)
    assert len(away) == 4


@pytest.mark.parametrize(
    ("order", "scope"),
    [
        (("GET", "tracking_settings/click", 403), "tracking_settings.click.read"),
        (("PATCH", "tracking_settings/open", 403), "tracking_settings.open.update"),
        (("POST", "whitelabel/domains", 403), "whitelabel.create"),
        (("POST", "api_keys", 403), "api_keys.create"),
        (("POST", "mail/send", 403), "mail.send"),
        (("POST", "user/webhooks/event/settings", 401), "user.webhooks.event.settings.create"),
        (("GET", "user/webhooks/security/policies", 403), "full access"),
    ],
)
def test_says_what_the_key_lacks(account: Account, secrets: Kept, order: tuple[str, str, int], scope: str) -> None:
    account.orders.append(order)

    with pytest.raises(StepFailed) as failed:
        apply_all(account, secrets)

    assert str(failed.value).endswith(f"lacks the scope: {scope}")
    assert f"SendGrid answered {order[2]}: " in str(failed.value)
    assert "SG." not in str(failed.value)
    apply_all(account, secrets)  # and goes on from there
    assert apply_all(account, secrets) == [Result.UNCHANGED] * 7


def test_says_that_the_key_is_unknown(account: Account, secrets: Kept) -> None:
    with pytest.raises(StepFailed, match="invalid, expired, or revoked\nThe key is unknown or was deleted"):
        apply_all(account, secrets, api_of(account, "SG.no.key"))


def test_repeats_sendgrids_own_words(account: Account, secrets: Kept) -> None:
    account.webhooks.append({"id": "w", "url": f"https://{DOMAIN}/record-deliveries"})
    account.orders.append(("PATCH", "user/webhooks/event/settings/w", 400))

    with pytest.raises(StepFailed, match="PATCH /v3/user/webhooks/event/settings/w: SendGrid answered 400: as ordered"):
        apply_all(account, secrets)


def test_tries_again_what_passes(account: Account, secrets: Kept) -> None:
    waited: list[float] = []
    paths = ["tracking_settings/click", "whitelabel/domains", "user/webhooks/event/settings", "user/webhooks/parse"]
    account.orders += [("GET", path, status) for path in paths for status in (429, 503)]

    apply_all(account, secrets, api_of(account, waited=waited))

    assert len(waited) == 8
    assert set(secrets.held) == {"sendgrid-key", "delivery-events-key", "inbound-key"}


def test_does_nothing_twice_where_the_answer_was_lost(account: Account, secrets: Kept) -> None:
    """What was carried out and answered 500 is found at the next look."""
    posted = ["whitelabel/domains", "api_keys", "user/webhooks/event", "user/webhooks/security", "user/webhooks/parse"]
    account.orders += [("POST", path, 0) for path in posted]

    apply_all(account, secrets)

    assert [len(one) for one in (account.domains, account.webhooks, account.policies, account.parse)] == [1, 1, 1, 1]
    assert len(account.keys) == 2  # what SendGrid shows once is gone; the next rotation deletes the other
    assert apply_all(account, secrets) == [Result.UNCHANGED] * 7


def test_makes_nothing_of_what_an_answer_may_leave_out(account: Account, secrets: Kept) -> None:
    account.tells_least = True

    apply_all(account, secrets)

    [webhook], [policy] = account.webhooks, account.policies
    assert secrets.held["delivery-events-key"] == webhook["public_key"]
    assert secrets.held["inbound-key"] == policy["signature"]["public_key"]
    assert apply_all(account, secrets) == [Result.UNCHANGED] * 7


def test_makes_no_second_policy_where_the_key_of_the_first_is_not_shown(account: Account, secrets: Kept) -> None:
    account.shows_no_key = True

    for _ in range(2):
        with pytest.raises(StepFailed, match="does not show its public key"):
            apply_all(account, secrets, api_of(account, waited=[]))

    assert len(account.policies) == 1
    steps(PLACE, api_of(account), secrets)[5].remove(no_command)
    assert account.policies == []


def test_gives_up_in_the_end(account: Account, secrets: Kept) -> None:
    waited: list[float] = []
    account.orders += [("GET", "tracking_settings/click", 503)] * 5

    with pytest.raises(StepFailed, match="SendGrid answered 503: as ordered"):
        apply_all(account, secrets, api_of(account, waited=waited))

    assert sum(waited) == 60


def test_says_that_sendgrid_cannot_be_reached(secrets: Kept) -> None:
    with sendgrid_account() as gone:
        pass

    with pytest.raises(StepFailed, match="could not be reached"):
        apply_all(gone, secrets)


def test_waits_until_the_new_key_is_known(account: Account, secrets: Kept) -> None:
    account.unknown_for = 2

    apply_all(account, secrets)

    assert len(account.keys) == 1


def test_keeps_no_key_that_cannot_send(account: Account, secrets: Kept) -> None:
    account.unknown_for = 100

    with pytest.raises(StepFailed, match=r"lacks the scope: mail\.send"):
        apply_all(account, secrets)

    assert account.keys == {}
    assert secrets.held == {}


def test_the_engineers_key_comes_from_the_environment(account: Account) -> None:
    asked = open_api({"SENDGRID_API_KEY": ENGINEERS_KEY, "SENDGRID_HOST": account.url})

    assert steps(PLACE, asked, Kept())[0].apply(no_command) is Result.UPDATED


def test_what_came_along_with_the_engineers_key_is_left_away(account: Account) -> None:
    asked = open_api({"SENDGRID_API_KEY": f" {ENGINEERS_KEY}\r\n", "SENDGRID_HOST": account.url})

    assert steps(PLACE, asked, Kept())[0].apply(no_command) is Result.UPDATED


@pytest.mark.parametrize("key", ["SG.of.two\nlines", "SG.with a.blank", "SG.…", "\r\n"])
def test_a_key_that_cannot_be_one_is_refused_and_not_shown(account: Account, key: str) -> None:
    asked = open_api({"SENDGRID_API_KEY": key, "SENDGRID_HOST": account.url})

    with pytest.raises(StepFailed, match="a character that no key has") as failed:
        steps(PLACE, asked, Kept())[0].apply(no_command)

    assert "SG." not in str(failed.value)
    assert account.asked == []


_ASKS = """
from deploy.sendgrid import ApiRequest, open_api
import sys
print(open_api()(ApiRequest("GET", "tracking_settings/click")))
"""


def _run(account: Account, stdin: int) -> subprocess.Popen[str]:
    settings = {name: value for name, value in os.environ.items() if name != "SENDGRID_API_KEY"}
    return subprocess.Popen(
        [sys.executable, "-c", _ASKS],
        cwd=ROOT,
        env={**settings, "SENDGRID_HOST": account.url},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_the_engineers_key_is_asked_for_at_a_terminal(account: Account) -> None:
    prompt = "Your SendGrid API key (full access; it is not stored): "
    ours, theirs = pty.openpty()
    running = _run(account, theirs)
    assert running.stderr
    assert running.stderr.read(len(prompt)) == prompt
    os.write(ours, f"{ENGINEERS_KEY}\n".encode())  # what was typed before the question is thrown away
    output, errors = running.communicate(timeout=60)
    echoed, _, _ = select.select([ours], [], [], 0)
    shown = os.read(ours, 1000).decode() if echoed else ""
    os.close(theirs)
    os.close(ours)

    assert "{'enabled': True}" in output
    assert ENGINEERS_KEY not in output + errors + shown


def test_without_a_key_and_a_terminal_it_says_what_is_needed(account: Account) -> None:
    _, errors = _run(account, subprocess.DEVNULL).communicate(timeout=60)

    assert "Set SENDGRID_API_KEY to a key of your SendGrid account with full access" in errors
    assert account.asked == []
