"""Changing keys while the desk runs. The functions are played by the keys that they were deployed with, and after every
change at SendGrid, and at every deployment, what SendGrid signs or takes must be what they have."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from deploy.rotate import rotate
from deploy.sendgrid import Api
from deploy.steps import Result, StepFailed
from tests.support.sendgrid_settings import Account, sendgrid_account
from tests.support.sendgrid_steps import DOMAIN, NAME, PLACE, Kept, api_of, apply_all

FIRST = "the-first-key-in-thirty-two-letters"


@dataclass
class Desk:
    """A desk in the cloud: SendGrid's account, the secrets, and the functions with the keys they were deployed with."""

    account: Account
    secrets: Kept
    deployed: dict[str, str] = field(default_factory=dict)
    deployments: int = 0
    fails: bool = False
    """Whether the next deployment fails."""
    lost: list[str] = field(default_factory=list)
    """What would not have been understood."""

    def deploy(self) -> None:
        if self.fails:
            self.fails = False
            raise StepFailed("the functions were not deployed")
        before, after = self.deployed.get("link-key", ""), self.secrets.held["link-key"]
        for signs, opens in [(before, after), (after, before)]:  # for a while some are old and some are new
            if before and signs.split()[-1] not in opens.split():
                self.lost.append("a link")
        self.deployed = dict(self.secrets.held)
        self.deployments += 1
        self.look()

    def look(self) -> None:
        """Is anything lost as it stands?"""
        signs = {one["id"]: one["signature"]["public_key"] for one in self.account.policies}
        if signs[self.account.parse[DOMAIN]["security_policy"]] not in self.deployed["inbound-key"].split():
            self.lost.append("a message")
        if self.deployed["sendgrid-key"] not in [one["api_key"] for one in self.account.keys.values()]:
            self.lost.append("a mail")


@pytest.fixture
def desk() -> Iterator[Desk]:
    with sendgrid_account() as account:
        desk = Desk(account, Kept({"link-key": FIRST}))
        apply_all(account, desk.secrets)
        desk.deploy()
        account.changed = desk.look
        desk.deployments = 0
        yield desk
    assert account.faults == []
    assert account.orders == []
    assert desk.lost == []


def api(desk: Desk) -> Api:
    return api_of(desk.account)


def turn(desk: Desk, key: str) -> None:
    rotate(key, PLACE, api(desk), desk.secrets, desk.deploy)


def test_a_new_link_key_signs_only_when_all_can_open_it(desk: Desk) -> None:
    turn(desk, "link-key")

    [old, new] = desk.deployed["link-key"].split()
    assert old == FIRST
    assert len(new) >= 43  # 32 bytes
    assert desk.deployments == 2

    turn(desk, "link-key")

    assert desk.deployed["link-key"].split()[0] == new  # and the first is gone


def test_the_first_link_key_needs_no_care(desk: Desk) -> None:
    desk.secrets.held["link-key"] = desk.deployed["link-key"] = ""

    turn(desk, "link-key")

    assert desk.deployments == 1


def test_a_link_key_that_no_function_starts_with_is_dropped(desk: Desk) -> None:
    desk.secrets.held["link-key"] = desk.deployed["link-key"] = f"{FIRST} short"

    turn(desk, "link-key")
    [old, new] = desk.deployed["link-key"].split()

    assert (old, len(new) >= 43) == (FIRST, True)
    assert desk.lost.pop() == "a link"  # of the short one, which anybody might have forged


def test_a_link_key_whose_deployment_failed_keeps_the_old_one(desk: Desk) -> None:
    desk.fails = True
    with pytest.raises(StepFailed):
        turn(desk, "link-key")

    assert desk.secrets.held["link-key"].split()[-1] == FIRST  # whoever deploys now signs with the old one

    turn(desk, "link-key")

    assert desk.deployed["link-key"].split()[0] == FIRST


def test_the_second_deployment_failing_is_finished_by_deploying(desk: Desk) -> None:
    deploy = iter([desk.deploy, None])

    def fails_the_second_time() -> None:
        if not (work := next(deploy)):
            raise StepFailed("no")
        work()

    with pytest.raises(StepFailed, match="`make deploy`, which finishes this"):
        rotate("link-key", PLACE, api(desk), desk.secrets, fails_the_second_time)

    desk.deploy()
    assert desk.deployed["link-key"].split()[0] == FIRST


def test_a_new_sendgrid_key_takes_the_place_of_the_old_one(desk: Desk) -> None:
    old = desk.secrets.held["sendgrid-key"]

    turn(desk, "sendgrid-key")

    [key] = desk.account.keys.values()
    assert key["api_key"] == desk.deployed["sendgrid-key"] != old
    assert (key["name"], key["scopes"]) == (NAME, ["mail.send"])
    assert desk.deployments == 1


def test_a_sendgrid_key_of_another_name_goes_too(desk: Desk) -> None:
    """Made by hand and put into the secret."""
    next(iter(desk.account.keys.values()))["name"] = "by hand"

    turn(desk, "sendgrid-key")

    assert len(desk.account.keys) == 1


def test_the_old_sendgrid_key_stays_while_functions_use_it(desk: Desk) -> None:
    desk.fails = True
    with pytest.raises(StepFailed):
        turn(desk, "sendgrid-key")

    assert len(desk.account.keys) == 2

    turn(desk, "sendgrid-key")

    assert [one["api_key"] for one in desk.account.keys.values()] == [desk.deployed["sendgrid-key"]]


def test_a_new_messages_key_is_known_before_it_signs(desk: Desk) -> None:
    old = desk.secrets.held["inbound-key"]

    turn(desk, "inbound-key")

    [policy] = desk.account.policies
    assert desk.account.parse[DOMAIN]["security_policy"] == policy["id"]
    assert desk.deployed["inbound-key"] == f"{old} {policy['signature']['public_key']}"
    assert desk.deployments == 1
    assert apply_all(desk.account, desk.secrets) == [Result.UNCHANGED] * 7


@pytest.mark.parametrize(
    "fails",
    [
        ("POST", "user/webhooks/security/policies", 403),
        ("the functions", "", 0),
        ("PATCH", "user/webhooks/parse/settings", 403),
        ("DELETE", "user/webhooks/security/policies", 403),
    ],
)
def test_a_messages_key_is_changed_after_a_failure_anywhere(desk: Desk, fails: tuple[str, str, int]) -> None:
    old = desk.secrets.held["inbound-key"]
    if fails[0] == "the functions":
        desk.fails = True
    else:
        desk.account.orders.append(fails)
    with pytest.raises(StepFailed):
        turn(desk, "inbound-key")
    assert apply_all(desk.account, desk.secrets) == [Result.UNCHANGED] * 7  # `make deploy` in between does no harm

    turn(desk, "inbound-key")

    [policy] = desk.account.policies
    assert policy["signature"]["public_key"] == desk.deployed["inbound-key"].split()[-1] != old


def test_what_an_attempt_left_is_used(desk: Desk) -> None:
    desk.fails = True
    with pytest.raises(StepFailed):
        turn(desk, "inbound-key")
    begun = desk.secrets.held["inbound-key"].split()[-1]

    turn(desk, "inbound-key")

    assert desk.account.policies[0]["signature"]["public_key"] == begun


def test_the_key_that_signs_now_stays_known_whatever_else_went_wrong(desk: Desk) -> None:
    """An attempt failed, and somebody deleted by hand what it left."""
    desk.fails = True
    with pytest.raises(StepFailed):
        turn(desk, "inbound-key")
    del desk.account.policies[1]

    turn(desk, "inbound-key")

    assert len(desk.account.policies) == 1


def test_a_lost_answer_makes_no_second_policy(desk: Desk) -> None:
    desk.account.orders.append(("POST", "user/webhooks/security/policies", 0))

    turn(desk, "inbound-key")

    assert ("POST", "/v3/user/webhooks/security/policies") in desk.account.asked
    assert len(desk.account.policies) == 1


@pytest.mark.parametrize("key", ["inbound-key", "delivery-events-key"])
def test_a_key_that_is_shown_only_at_the_next_look_is_made_once(desk: Desk, key: str) -> None:
    old = desk.secrets.held[key]
    desk.account.tells_least = True

    turn(desk, key)

    [webhook], [policy] = desk.account.webhooks, desk.account.policies
    new = policy["signature"]["public_key"] if key == "inbound-key" else webhook["public_key"]
    assert desk.deployed[key] == f"{old} {new}"
    assert desk.deployments == 1


def test_messages_that_do_not_arrive_have_no_key_to_change(desk: Desk) -> None:
    desk.account.changed = lambda: None
    desk.account.parse.clear()

    with pytest.raises(StepFailed, match="posts no signed e-mails"):
        turn(desk, "inbound-key")

    assert desk.deployments == 0


def test_a_new_reports_key_is_kept_beside_the_old_one(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    old = desk.secrets.held["delivery-events-key"]

    turn(desk, "delivery-events-key")

    new = desk.account.webhooks[0]["public_key"]
    assert desk.deployed["delivery-events-key"] == f"{old} {new}"
    assert new != old
    assert "SendGrid repeats them for 24 hours" in capsys.readouterr().out
    assert apply_all(desk.account, desk.secrets) == [Result.UNCHANGED] * 7


def test_a_reports_key_that_was_begun_is_finished(desk: Desk) -> None:
    """The signature was turned off, and nothing after that."""
    desk.account.webhooks[0].pop("public_key")

    turn(desk, "delivery-events-key")

    assert desk.deployed["delivery-events-key"].split()[-1] == desk.account.webhooks[0]["public_key"]


def test_a_reports_key_that_was_made_and_not_kept_is_kept(desk: Desk) -> None:
    desk.account.webhooks[0]["public_key"] = "made"

    turn(desk, "delivery-events-key")

    assert desk.deployed["delivery-events-key"].split()[-1] == desk.account.webhooks[0]["public_key"] == "made"


def test_says_where_sendgrid_gives_the_same_key_again(desk: Desk) -> None:
    desk.account.same_key_again = True
    desk.account.webhooks[0]["public_key"] = desk.secrets.held["delivery-events-key"] = "reports-1"

    with pytest.raises(StepFailed, match="gave the same key again"):
        turn(desk, "delivery-events-key")

    assert desk.account.webhooks[0]["public_key"] == "reports-1"
    assert desk.deployments == 0


def test_says_which_keys_there_are(desk: Desk) -> None:
    with pytest.raises(StepFailed, match="link-key, sendgrid-key, delivery-events-key, inbound-key"):
        turn(desk, "another-key")
