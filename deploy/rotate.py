"""Rotating the functions' keys (`make rotate KEY=...`) without losing an e-mail in either direction.

A setting may hold several keys: the last one signs links and any opens them; any may have signed what a webhook posts.
So the new key is stored beside the old one, the functions are deployed with both, and only then is the new one used.
The old one stays until the next rotation, since what it signed may still arrive. A leaked key is rotated twice.
"""

import secrets as random
from collections.abc import Callable

from deploy.place import Place
from deploy.secrets import DELIVERY_EVENTS_KEY, INBOUND_KEY, LINK_KEY, SENDGRID_KEY, strong_keys
from deploy.sendgrid import (
    Api,
    ApiRequest,
    Policy,
    Secrets,
    attach,
    attached_to,
    key_id,
    keys_of,
    make_key,
    make_policy,
    policies,
    retry_transient,
    sign_delivery_events,
    store_public_key,
    webhook_of,
)
from deploy.steps import NotRepeatable, StepFailed, say

KEYS = (LINK_KEY, SENDGRID_KEY, DELIVERY_EVENTS_KEY, INBOUND_KEY)
Deploy = Callable[[], None]
"""Deploys the functions with the secrets' current values. Raises `StepFailed`."""


def rotate(key: str, place: Place, api: Api, secrets: Secrets, deploy_functions: Deploy) -> None:
    """Rotate this key. Raises `StepFailed`; the same call then continues or starts over without loss, except after
    `NotRepeatable`."""
    if key == LINK_KEY:
        rotate_link_key(secrets, deploy_functions)
    elif key in _AT_SENDGRID:
        _AT_SENDGRID[key](place, api, secrets, deploy_functions)
    else:
        raise StepFailed(f"KEY={key}: there is no such key; there are {', '.join(KEYS)}")


def rotate_link_key(secrets: Secrets, deploy_functions: Deploy) -> None:
    """Deploys the functions twice: all must open links of the new key before any signs with it. Links of the key before
    the last stop working."""
    stored = strong_keys(secrets.get(LINK_KEY))
    new = random.token_urlsafe(32)
    if stored:
        secrets.put(LINK_KEY, f"{new} {stored[-1]}")
        deploy_functions()
    secrets.put(LINK_KEY, " ".join([*stored[-1:], new]))
    try:
        deploy_functions()
    except StepFailed as error:
        raise NotRepeatable(
            f"{error}\n\nThe new key is stored. Fix the cause and run `make deploy`, which finishes this. To rotate "
            "again would break the links in all earlier e-mails."
        ) from error


def rotate_sendgrid_key(place: Place, api: Api, secrets: Secrets, deploy_functions: Deploy) -> None:
    """Deletes the old key, and any that an earlier attempt left, once no function uses it. SendGrid refuses an e-mail
    posted with the old key at that moment; `send_due_mail` retries it."""
    new = retry_transient(lambda: make_key(place, api), api.wait)
    old = secrets.get(SENDGRID_KEY)
    secrets.put(SENDGRID_KEY, new)
    deploy_functions()
    retry_transient(lambda: _delete_keys(place, api, old, new), api.wait)


def _delete_keys(place: Place, api: Api, old: str | None, new: str) -> None:
    ids = {*keys_of(place, api), key_id(old or "")} - {key_id(new), ""}
    for id in sorted(ids):
        api.find(ApiRequest("DELETE", f"api_keys/{id}"))


def rotate_inbound_key(place: Place, api: Api, secrets: Secrets, deploy_functions: Deploy) -> None:
    """1. A new policy, its key beside the old one's; 2. functions that know both; 3. SendGrid signs by the new one;
    4. the old policy is deleted. SendGrid never repeats after a 401, so the functions must know the key first."""
    signing, new = retry_transient(lambda: _policies_now_and_to_come(place, api, secrets), api.wait)
    store_public_key(secrets, INBOUND_KEY, new.key, beside=signing.key)
    deploy_functions()
    retry_transient(lambda: attach(place, new, api), api.wait)
    retry_transient(lambda: _delete_policies(place, api, new), api.wait)


def _policies_now_and_to_come(place: Place, api: Api, secrets: Secrets) -> tuple[Policy, Policy]:
    """Of ours that sign nothing, one whose key is stored last, or not yet, is left from an earlier attempt; others are
    obsolete."""
    attached, stored = attached_to(place, api), (secrets.get(INBOUND_KEY) or "").split()
    all = policies(place, api)
    signing = next((one for one in all if one.id == attached), None)
    if signing is None:
        raise StepFailed(f"SendGrid posts no signed e-mails to {place.domain}: run make deploy")
    begun = [one for one in all if one.ours and one != signing and one.key not in stored[:-1]]
    return signing, begun[-1] if begun else make_policy(place, api)


def _delete_policies(place: Place, api: Api, new: Policy) -> None:
    for one in policies(place, api):
        if one.ours and one.id != new.id:
            api.find(ApiRequest("DELETE", f"user/webhooks/security/policies/{one.id}"))


def rotate_delivery_events_key(place: Place, api: Api, secrets: Secrets, deploy_functions: Deploy) -> None:
    """SendGrid has one key for an address: switching the signature off and on makes a new one at once. Until they are
    deployed, the functions refuse delivery events signed by it; SendGrid repeats for 24 hours what is not answered 2xx
    (its page "Event Webhook Troubleshooting")."""
    new = retry_transient(lambda: _new_delivery_events_key(place, api, secrets), api.wait)
    store_public_key(secrets, DELIVERY_EVENTS_KEY, new)
    say("The functions refuse delivery events until they are deployed; SendGrid repeats them for 24 hours.")
    deploy_functions()


def _new_delivery_events_key(place: Place, api: Api, secrets: Secrets) -> str:
    """A key that is not stored yet is left from an earlier attempt."""
    webhook, stored = webhook_of(place, api), (secrets.get(DELIVERY_EVENTS_KEY) or "").split()
    if webhook is None:
        raise StepFailed("SendGrid posts no delivery events to us: run make deploy")
    if webhook.get("public_key") in stored:
        sign_delivery_events(webhook["id"], api, on=False)
        new = sign_delivery_events(webhook["id"], api)
    else:
        new = webhook.get("public_key") or sign_delivery_events(webhook["id"], api)
    if new in stored:
        raise StepFailed("SendGrid gave the same key again; nothing was changed. Its support can give you another.")
    return new


_AT_SENDGRID = {
    SENDGRID_KEY: rotate_sendgrid_key,
    INBOUND_KEY: rotate_inbound_key,
    DELIVERY_EVENTS_KEY: rotate_delivery_events_key,
}
"""How to rotate each key that SendGrid has a part of."""
