"""Changing the functions' keys (`make rotate KEY=...`) so that no mail and no message is lost on the way.

A setting may hold several keys: links are signed with the last one and opened with any, and what a webhook posts may be
signed by any. So the new key is kept beside the old one, the functions are deployed with both, and only then is the new
one put to use. The old one stays until the next rotation, since what it signed is still on its way. Whoever changes a
key because others know it rotates twice.
"""

import secrets as random
from collections.abc import Callable

from deploy.place import Place
from deploy.secrets import LINK_KEY, MESSAGES_KEY, REPORTS_KEY, SENDGRID_KEY
from deploy.sendgrid import (
    Api,
    Ask,
    Policy,
    Secrets,
    attach,
    attached_to,
    keep_public_key,
    key_id,
    keys_of,
    make_key,
    make_policy,
    patiently,
    policies,
    sign_reports,
    webhook_of,
)
from deploy.steps import NotAgain, StepFailed, say

KEYS = (LINK_KEY, SENDGRID_KEY, REPORTS_KEY, MESSAGES_KEY)
Deploy = Callable[[], None]
"""Deploys the functions anew, with what the secrets hold then. Raises `StepFailed`."""


def rotate(key: str, place: Place, api: Api, secrets: Secrets, deploy_functions: Deploy) -> None:
    """Change this key. Raises `StepFailed`; after a failure in the middle, the same again goes on or begins anew, and
    nothing is lost by that, unless it is `NotAgain`."""
    if key == LINK_KEY:
        rotate_link_key(secrets, deploy_functions)
    elif key in _AT_SENDGRID:
        _AT_SENDGRID[key](place, api, secrets, deploy_functions)
    else:
        raise StepFailed(f"KEY={key}: there is no such key; there are {', '.join(KEYS)}")


def rotate_link_key(secrets: Secrets, deploy_functions: Deploy) -> None:
    """The functions are deployed twice: each must be able to open what the new key signs before any signs with it.
    Links that the key before the last one signed stop working."""
    kept = (secrets.get(LINK_KEY) or "").split()
    new = random.token_urlsafe(32)
    if kept:
        secrets.put(LINK_KEY, f"{new} {kept[-1]}")
        deploy_functions()
    secrets.put(LINK_KEY, " ".join([*kept[-1:], new]))
    try:
        deploy_functions()
    except StepFailed as error:
        raise NotAgain(
            f"{error}\n\nThe new key is kept. Once the cause is mended, `make deploy` finishes this; to rotate again "
            "would end the links of all mails that went out before."
        ) from error


def rotate_sendgrid_key(place: Place, api: Api, secrets: Secrets, deploy_functions: Deploy) -> None:
    """The old key, and any that an earlier attempt left, is deleted at SendGrid once no function uses it. What is being
    posted with the old key at that moment is refused, and so sent again by `send_due_mail`."""
    new = patiently(lambda: make_key(place, api), api.wait)
    old = secrets.get(SENDGRID_KEY)
    secrets.put(SENDGRID_KEY, new)
    deploy_functions()
    patiently(lambda: _delete_keys(place, api, old, new), api.wait)


def _delete_keys(place: Place, api: Api, old: str | None, new: str) -> None:
    ids = {*keys_of(place, api), key_id(old or "")} - {key_id(new), ""}
    for id in sorted(ids):
        api.find(Ask("DELETE", f"api_keys/{id}"))


def rotate_messages_key(place: Place, api: Api, secrets: Secrets, deploy_functions: Deploy) -> None:
    """1. A new policy, its key beside the old one's; 2. functions that know both; 3. SendGrid signs by the new one;
    4. the old policy is deleted. SendGrid takes our 401 as final, so the functions must know the key first."""
    signing, new = patiently(lambda: _policies_now_and_to_come(place, api, secrets), api.wait)
    keep_public_key(secrets, MESSAGES_KEY, new.key, beside=signing.key)
    deploy_functions()
    patiently(lambda: attach(place, new, api), api.wait)
    patiently(lambda: _delete_policies(place, api, new), api.wait)


def _policies_now_and_to_come(place: Place, api: Api, secrets: Secrets) -> tuple[Policy, Policy]:
    """Of ours, one that signs nothing and whose key is kept last, or not kept yet, is what an earlier attempt left;
    another that signs nothing has had its time."""
    attached, kept = attached_to(place, api), (secrets.get(MESSAGES_KEY) or "").split()
    all = policies(place, api)
    signing = next((one for one in all if one.id == attached), None)
    if signing is None:
        raise StepFailed(f"SendGrid hands on no messages to {place.domain}, signed: make deploy")
    begun = [one for one in all if one.ours and one != signing and one.key not in kept[:-1]]
    return signing, begun[-1] if begun else make_policy(place, api)


def _delete_policies(place: Place, api: Api, new: Policy) -> None:
    for one in policies(place, api):
        if one.ours and one.id != new.id:
            api.find(Ask("DELETE", f"user/webhooks/security/policies/{one.id}"))


def rotate_reports_key(place: Place, api: Api, secrets: Secrets, deploy_functions: Deploy) -> None:
    """SendGrid has no second key for the same address: turning the signature off and on makes a new one at once. Until
    the functions are deployed they refuse the reports that it signs, and SendGrid repeats for 24 hours what was not
    answered 2xx (its page "Event Webhook Troubleshooting")."""
    new = patiently(lambda: _new_reports_key(place, api, secrets), api.wait)
    keep_public_key(secrets, REPORTS_KEY, new)
    say("Delivery reports are refused until the functions are deployed; SendGrid repeats them for 24 hours.")
    deploy_functions()


def _new_reports_key(place: Place, api: Api, secrets: Secrets) -> str:
    """A key that is not kept yet is what an earlier attempt left."""
    webhook, kept = webhook_of(place, api), (secrets.get(REPORTS_KEY) or "").split()
    if webhook is None:
        raise StepFailed("SendGrid posts no delivery reports to us: make deploy")
    if webhook.get("public_key") in kept:
        sign_reports(webhook["id"], api, on=False)
        new = sign_reports(webhook["id"], api)
    else:
        new = webhook.get("public_key") or sign_reports(webhook["id"], api)
    if new in kept:
        raise StepFailed("SendGrid gave the same key again; nothing was changed. Its support can give you another.")
    return new


_AT_SENDGRID = {
    SENDGRID_KEY: rotate_sendgrid_key,
    MESSAGES_KEY: rotate_messages_key,
    REPORTS_KEY: rotate_reports_key,
}
"""How each key is changed that is SendGrid's too."""
