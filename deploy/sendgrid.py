"""SendGrid's side of the desk: a key for the functions, the domain, two signed webhooks, and no tracking.

https://www.twilio.com/docs/sendgrid/api-reference. Each step looks first; a second run changes nothing.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from getpass import getpass
from http.client import HTTPException
from typing import Any, Protocol, TypeVar

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient

from deploy.place import Place
from deploy.secrets import DELIVERY_EVENTS_KEY, INBOUND_KEY, SENDGRID_KEY
from deploy.steps import Result, Run, Step, StepFailed, say
from rollcall.sendgrid import HOSTS
from schemas.deliveries import DELIVERIES

SENDGRID = HOSTS["global"]

TIMEOUT = 20.0
"""Seconds, for each part of a response."""
_RETRY_AFTER = 15.0
"""Seconds; a limit of requests is lifted within a minute
(https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits)."""
_TRIES = 5


class Secrets(Protocol):
    """Where the functions' keys are kept, by the names of their secrets."""

    def get(self, name: str) -> str | None:
        """The secret's current value; None where it has none yet."""
        ...

    def put(self, name: str, value: str) -> None:
        """Set the secret's value, for functions deployed afterwards."""
        ...


@dataclass(frozen=True)
class ApiRequest:
    """A request, as planned and as sent."""

    method: str
    path: str
    """Below `/v3/`."""
    body: Mapping[str, Any] | None = None
    query: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        query = "?" + "&".join(f"{name}={value}" for name, value in self.query.items()) if self.query else ""
        return f"{self.method} {SENDGRID}/v3/{self.path}{query}" + (f" {json.dumps(self.body)}" if self.body else "")

    @property
    def scope(self) -> str:
        """The scope that a key needs for it (https://www.twilio.com/docs/sendgrid/api-reference/api-key-permissions).
        The page names no scope for signatures; full access suffices."""
        if self.path.startswith("mail/"):
            return "mail.send"
        for stem, start in _SCOPES.items():
            if self.path.startswith(start):
                return f"{stem}.{_VERBS[self.method]}"
        return "full access"


_SCOPES = {
    "api_keys": "api_keys",
    "whitelabel": "whitelabel/",
    "tracking_settings.click": "tracking_settings/click",
    "tracking_settings.open": "tracking_settings/open",
    "user.webhooks.event.settings": "user/webhooks/event/settings",
    "user.webhooks.parse.settings": "user/webhooks/parse/settings",
}
_VERBS = {"GET": "read", "POST": "create", "PATCH": "update", "PUT": "update", "DELETE": "delete"}


class Refused(StepFailed):
    """SendGrid refused; a retry would not help."""

    def __init__(self, ask: ApiRequest, status: int, fields: Sequence[str | None], said: str) -> None:
        self.blames_key = status == 401 or (status == 403 and "forbidden" in said.lower())
        """Whether the key is at fault. A 403 with other words may be about anything
        (https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/errors)."""
        advice = _advice(ask, status) if self.blames_key else ""
        super().__init__(f"{ask.method} /v3/{ask.path}: SendGrid answered {status}: {said}{advice}")
        self.status = status
        self.fields = fields
        """The fields of the request that SendGrid rejects."""


class Transient(StepFailed):
    """SendGrid, or the network, failed for a transient reason."""


def _advice(ask: ApiRequest, status: int) -> str:
    unknown = "is unknown or was deleted, or it " if status == 401 else ""
    return f"\nThe key {unknown}lacks the scope: {ask.scope}"


class Api:
    """SendGrid's API with one key, which the first request asks for: a plan needs none. `host` may be a stand-in's;
    `wait` takes seconds."""

    def __init__(
        self, key: Callable[[], str], host: str = SENDGRID, wait: Callable[[float], None] = time.sleep
    ) -> None:
        self._key = key
        self.host = host
        self._client: Any = None
        self.wait = wait

    def by(self, key: str) -> "Api":
        """The same API with another key."""
        return Api(lambda: key, self.host, self.wait)

    def __call__(self, ask: ApiRequest) -> Any:
        """The response's JSON, if any. Raises `Refused` or `Transient`."""
        if self._client is None:
            sendgrid = SendGridAPIClient(self._key(), host=self.host)
            sendgrid.client.timeout = TIMEOUT
            self._client = sendgrid.client
        request = getattr(self._client._(ask.path), ask.method.lower())
        try:
            answer = request(request_body=ask.body, query_params=dict(ask.query) or None)
        except HTTPError as error:
            raise _failure(ask, error) from None
        except (OSError, HTTPException) as error:
            raise Transient(f"{ask.method} /v3/{ask.path}: SendGrid could not be reached: {error}") from None
        return json.loads(answer.body) if answer.body else None

    def find(self, ask: ApiRequest) -> Any:
        """Like a call; None where SendGrid has no such thing."""
        try:
            return self(ask)
        except Refused as error:
            if error.status == 404:
                return None
            raise


def _failure(ask: ApiRequest, error: HTTPError) -> StepFailed:
    try:
        told = json.loads(error.body)["errors"]
        fields, said = [one.get("field") for one in told], "; ".join(one["message"] for one in told)
    except (ValueError, TypeError, KeyError, AttributeError):
        fields, said = [], str(error.reason)
    if error.status_code == 429 or error.status_code >= 500:
        return Transient(f"{ask.method} /v3/{ask.path}: SendGrid answered {error.status_code}: {said}")
    return Refused(ask, error.status_code, fields, said)


def open_api(environment: Mapping[str, str] = os.environ, ask: Callable[[str], str] = getpass) -> Api:
    """The API with the engineer's own key, from `SENDGRID_API_KEY` or the terminal. The key is stored nowhere."""

    def key() -> str:
        if found := environment.get("SENDGRID_API_KEY"):
            return _usable(found)
        if sys.stdin.isatty():
            return _usable(ask("Your SendGrid API key (full access; it is not stored): "))
        raise StepFailed("Set SENDGRID_API_KEY to a key of your SendGrid account with full access; it is not stored.")

    region = environment.get("SENDGRID_REGION", "")
    return Api(key, environment.get("SENDGRID_HOST") or HOSTS.get(region, SENDGRID))


def try_engineers_key(api: Api) -> None:
    """Check the key before the steps that take minutes. Raises `StepFailed`."""
    retry_transient(lambda: api(_look_at_tracking("click")), api.wait)


def _usable(key: str) -> str:
    """The key, if a header may hold it; Python's own error would print the whole key."""
    if not re.fullmatch("[!-~]+", key.strip()):
        raise StepFailed("The SendGrid API key contains a character that no key has, such as a space or a line break.")
    return key.strip()


_T = TypeVar("_T")


def retry_transient(work: Callable[[], _T], wait: Callable[[float], None]) -> _T:
    """Retry the whole work after a transient failure. Work looks first, so that a request which was carried out but
    answered with an error is not repeated. Raises `Transient` after the last try."""
    for _ in range(_TRIES - 1):
        try:
            return work()
        except Transient:
            wait(_RETRY_AFTER)
    return work()


@dataclass(frozen=True)
class _Step:
    """A step at SendGrid."""

    title: str
    requests: tuple[str, ...]
    look_and_make: Callable[[], Result]
    api: Api
    removal_requests: tuple[str, ...] = ()
    look_and_delete: Callable[[], Result] | None = None
    """None where it stays."""
    holds_data: bool = False

    def plan(self) -> Sequence[str]:
        return [one.replace(SENDGRID, self.api.host, 1) for one in self.requests]

    def apply(self, run: Run) -> Result:
        return retry_transient(self.look_and_make, self.api.wait)

    def plan_removal(self) -> Sequence[str]:
        return [one.replace(SENDGRID, self.api.host, 1) for one in self.removal_requests]

    def remove(self, run: Run) -> Result:
        return retry_transient(self.look_and_delete, self.api.wait) if self.look_and_delete else Result.UNCHANGED


def steps(place: Place, api: Api, secrets: Secrets) -> tuple[Step, ...]:
    """What the desk needs at SendGrid. They come before the functions, since the webhooks' keys go into secrets.

    The domain's authentication and the tracking settings are never removed: the domain may serve other senders, and
    nobody knows how tracking was set before.
    """
    return (
        _tracking(api, "click"),
        _tracking(api, "open"),
        _domain(place, api),
        _key(place, api, secrets),
        _event_webhook(place, api, secrets),
        _policy(place, api, secrets),
        _inbound_parse(place, api, secrets),
    )


def name(place: Place) -> str:
    """The name of our things at SendGrid; another desk may share the account."""
    return f"Rollcall {place.domain}"


# --- Tracking ---


def _look_at_tracking(kind: str) -> ApiRequest:
    return ApiRequest("GET", f"tracking_settings/{kind}")


def _tracking(api: Api, kind: str) -> Step:
    look, off = _look_at_tracking(kind), ApiRequest("PATCH", f"tracking_settings/{kind}", {"enabled": False})

    def make() -> Result:
        if not api(look)["enabled"]:
            return Result.UNCHANGED
        api(off)
        return Result.UPDATED

    return _Step(f"SendGrid: {kind} tracking off, for the whole account", (str(off),), make, api)


# --- The domain ---


@dataclass(frozen=True)
class AuthenticatedDomain:
    """A domain that SendGrid signs for, once the records are in its zone."""

    id: int
    valid: bool
    """Whether SendGrid found the records when it last looked."""
    cnames: tuple[tuple[str, str], ...]
    """Host and value of each record."""


def authenticated_domain(place: Place, api: Api) -> AuthenticatedDomain | None:
    """The desk's domain at SendGrid, with automatic security (three CNAME records, and SendGrid changes its keys)."""
    found = [
        one
        for one in api(ApiRequest("GET", "whitelabel/domains", query={"domain": place.domain})) or []
        if one["domain"] == place.domain and one["automatic_security"] and not one.get("legacy")
    ]
    return _domain_of(max(found, key=lambda one: bool(one["valid"]))) if found else None


def validate(domain: AuthenticatedDomain, api: Api) -> tuple[bool, str]:
    """Have SendGrid check the zone: whether it is complete, and what is wrong."""
    told = retry_transient(lambda: api(ApiRequest("POST", f"whitelabel/domains/{domain.id}/validate")), api.wait)
    results = (told.get("validation_results") or {}).values()
    return bool(told["valid"]), "; ".join(one["reason"] for one in results if not one["valid"] and one.get("reason"))


def _domain_of(told: Mapping[str, Any]) -> AuthenticatedDomain:
    cnames = tuple((one["host"], one["data"]) for one in told["dns"].values())
    return AuthenticatedDomain(told["id"], bool(told["valid"]), cnames)


def _domain(place: Place, api: Api) -> Step:
    region = {"region": "eu"} if place.sendgrid_region == "eu" else {}
    told = {"domain": place.domain, "automatic_security": True, "default": False, **region}
    make = ApiRequest("POST", "whitelabel/domains", told)

    def look_and_make() -> Result:
        if authenticated_domain(place, api):
            return Result.UNCHANGED
        api(make)
        return Result.CREATED

    return _Step(f"SendGrid: authentication of {place.domain}", (str(make),), look_and_make, api)


# --- The key ---


def make_key(place: Place, api: Api) -> str:
    """A new key that may send e-mail and nothing else, tried with an e-mail that SendGrid checks and does not send
    (https://www.twilio.com/docs/sendgrid/for-developers/sending-email/sandbox-mode). Raises `Refused`."""
    made = api(_make_key(place))
    with _deleted_on_failure(api, made["api_key_id"]):
        _try_out(place, api.by(made["api_key"]))
    return str(made["api_key"])


def key_id(key: str) -> str:
    """The id in a key, by which it can be looked up and deleted: `SG.id.secret`
    (https://www.twilio.com/docs/sendgrid/api-reference/api-keys/create-api-keys)."""
    return key.split(".")[1] if key.count(".") == 2 else ""


def keys_of(place: Place, api: Api) -> list[str]:
    """The ids of all keys of our name."""
    return [one["api_key_id"] for one in api(ApiRequest("GET", "api_keys"))["result"] if one["name"] == name(place)]


def _make_key(place: Place) -> ApiRequest:
    return ApiRequest("POST", "api_keys", {"name": name(place), "scopes": ["mail.send"]})


@contextmanager
def _deleted_on_failure(api: Api, id: str) -> Iterator[None]:
    try:
        yield
    except StepFailed:
        api(ApiRequest("DELETE", f"api_keys/{id}"))
        raise


def _sandbox_send(place: Place) -> ApiRequest:
    return ApiRequest(
        "POST",
        "mail/send",
        {
            "personalizations": [{"to": [{"email": place.on_call}]}],
            "from": {"email": place.sender},
            "subject": "Rollcall tests its key",
            "content": [{"type": "text/plain", "value": "SendGrid checks this e-mail and does not send it."}],
            "mail_settings": {"sandbox_mode": {"enable": True}},
        },
    )


def _try_out(place: Place, api: Api) -> None:
    try:
        _send_once_known(_sandbox_send(place), api)
    except Refused as error:
        if error.status != 403 or "from" not in error.fields:  # the sender is at fault, not the key
            raise
        say(f"    the key works; SendGrid accepts e-mails from {place.sender} once the DNS records are set")


def _send_once_known(ask: ApiRequest, api: Api) -> None:
    """A new key may not have propagated yet."""
    for _ in range(_TRIES - 1):
        try:
            api(ask)
            return
        except Refused as error:
            if error.status != 401:
                raise
            api.wait(_RETRY_AFTER)
    api(ask)


def _key(place: Place, api: Api, secrets: Secrets) -> Step:
    def make() -> Result:
        stored = secrets.get(SENDGRID_KEY)
        if stored and api.find(ApiRequest("GET", f"api_keys/{key_id(stored)}")):
            return Result.UNCHANGED
        secrets.put(SENDGRID_KEY, make_key(place, api))
        return Result.CREATED

    def delete() -> Result:
        ids = keys_of(place, api)
        for id in ids:
            api(ApiRequest("DELETE", f"api_keys/{id}"))
        return Result.DELETED if ids else Result.ABSENT

    return _Step(
        f"SendGrid: a key that may send e-mail and nothing else, into the secret {SENDGRID_KEY}",
        (str(_make_key(place)), str(_sandbox_send(place))),
        make,
        api,
        (f"DELETE {SENDGRID}/v3/api_keys/<each key named {name(place)}>",),
        delete,
    )


# --- Delivery events: the Event Webhook ---

_EVENT_TYPES = (
    "bounce", "click", "deferred", "delivered", "dropped", "group_resubscribe", "group_unsubscribe", "open",
    "processed", "spam_report", "unsubscribe",
)  # fmt: skip
"""Every type that SendGrid has (https://www.twilio.com/docs/sendgrid/api-reference/webhooks/create-an-event-webhook)."""


def webhook_of(place: Place, api: Api) -> Mapping[str, Any] | None:
    """The webhook that posts to us; SendGrid allows one for an address."""
    told = api(ApiRequest("GET", "user/webhooks/event/settings/all"))
    there = told.get("webhooks") or []  # without any, SendGrid lists an empty one
    return next((one for one in there if one.get("url") == _webhook(place)["url"]), None)


def sign_delivery_events(id: str, api: Api, on: bool = True) -> str:
    """Turn the signature on, and return its public key; or off. Raises `Transient` where SendGrid shows no key."""
    told = api(ApiRequest("PATCH", f"user/webhooks/event/settings/signed/{id}", {"enabled": on}))
    return _public_key(told) if on else ""


def _public_key(told: Mapping[str, Any] | None) -> str:
    """SendGrid's schemas do not promise one. Raises `Transient` where there is none: the next look may find it."""
    key = str((told or {}).get("public_key") or "")
    if not key:
        raise Transient("SendGrid signs, but does not show its public key; if this lasts, ask SendGrid's support")
    return key


def store_public_key(secrets: Secrets, secret: str, key: str, beside: str = "") -> bool:
    """Store the key in the secret, beside the one that signs now, or else the newest it had: what that one signed may
    still arrive. Whether the secret changed."""
    stored = (secrets.get(secret) or "").split()
    if key in stored and (not beside or beside in stored):
        return False
    secrets.put(secret, " ".join([*([beside] if beside else stored[-1:]), key]))
    return True


def _webhook(place: Place) -> dict[str, Any]:
    url = f"https://{place.domain}/record-deliveries"
    return {"enabled": True, "url": url, "friendly_name": name(place)} | {
        one: one in DELIVERIES for one in _EVENT_TYPES
    }


def _event_webhook(place: Place, api: Api, secrets: Secrets) -> Step:
    wanted = _webhook(place)
    make = ApiRequest("POST", "user/webhooks/event/settings", wanted)

    def look_and_make() -> Result:
        webhook, result = webhook_of(place, api), Result.UNCHANGED
        if webhook is None:
            webhook, result = api(make), Result.CREATED
        elif any(webhook.get(one) != value for one, value in wanted.items()):
            api(ApiRequest("PATCH", f"user/webhooks/event/settings/{webhook['id']}", wanted))
            result = Result.UPDATED
        key = webhook.get("public_key") or sign_delivery_events(webhook["id"], api)
        news = store_public_key(secrets, DELIVERY_EVENTS_KEY, key)
        return Result.UPDATED if news and result is Result.UNCHANGED else result

    def delete() -> Result:
        webhook = webhook_of(place, api)
        if webhook is None:
            return Result.ABSENT
        api(ApiRequest("DELETE", f"user/webhooks/event/settings/{webhook['id']}"))
        return Result.DELETED

    return _Step(
        f"SendGrid: delivery events, signed; the public key into the secret {DELIVERY_EVENTS_KEY}",
        (str(make), str(ApiRequest("PATCH", "user/webhooks/event/settings/signed/<id>", {"enabled": True}))),
        look_and_make,
        api,
        (str(ApiRequest("DELETE", "user/webhooks/event/settings/<id>")),),
        delete,
    )


# --- Inbound e-mail: Inbound Parse and its signature ---


@dataclass(frozen=True)
class Policy:
    """A security policy: it signs the inbound e-mails that SendGrid posts."""

    id: str
    key: str
    """The public key."""
    ours: bool
    """Whether it has our name."""


def policies(place: Place, api: Api) -> list[Policy]:
    """All policies that sign. Raises `Transient` where one of ours shows no key yet: make no second one beside it."""
    return [
        _policy_of(place, one)
        for one in _listed_policies(api)
        if _is_ours(place, one) or (one.get("signature") or {}).get("public_key")
    ]


def _listed_policies(api: Api) -> Sequence[Mapping[str, Any]]:
    return api(ApiRequest("GET", "user/webhooks/security/policies")).get("policies") or []


def _is_ours(place: Place, told: Mapping[str, Any]) -> bool:
    return bool(told.get("name") == name(place))


def make_policy(place: Place, api: Api) -> Policy:
    """A new policy with its own key pair. Raises `Transient` where SendGrid shows no key yet."""
    return _policy_of(place, api(_make_policy(place))["policy"])


def attached_to(place: Place, api: Api) -> str | None:
    """The id of the policy that signs inbound e-mails."""
    setting = api.find(_look_at_inbound_parse(place))
    return str(setting["security_policy"]) if setting and setting.get("security_policy") else None


def attach(place: Place, policy: Policy, api: Api) -> None:
    """Sign inbound e-mails by this policy from now on."""
    api(ApiRequest("PATCH", f"user/webhooks/parse/settings/{place.domain}", _inbound_parse_setting(place, policy.id)))


def chosen(all: Sequence[Policy], attached: str | None, stored: Sequence[str]) -> Policy | None:
    """The policy to sign by: the one that signs now, whoever made it, since the functions know its key; otherwise ours
    whose key was stored last."""
    if signing := next((one for one in all if one.id == attached), None):
        return signing
    ours = [one for one in all if one.ours]
    return max(ours, key=lambda one: stored.index(one.key) if one.key in stored else -1, default=None)


def _policy_of(place: Place, told: Mapping[str, Any]) -> Policy:
    return Policy(told["id"], _public_key(told.get("signature")), _is_ours(place, told))


def _make_policy(place: Place) -> ApiRequest:
    return ApiRequest("POST", "user/webhooks/security/policies", {"name": name(place), "signature": {"enabled": True}})


def _choose(place: Place, api: Api, secrets: Secrets) -> Policy | None:
    return chosen(policies(place, api), attached_to(place, api), (secrets.get(INBOUND_KEY) or "").split())


def _policy(place: Place, api: Api, secrets: Secrets) -> Step:
    def make() -> Result:
        policy, result = _choose(place, api, secrets), Result.UNCHANGED
        if policy is None:
            policy, result = make_policy(place, api), Result.CREATED
        news = store_public_key(secrets, INBOUND_KEY, policy.key)
        return Result.UPDATED if news and result is Result.UNCHANGED else result

    def delete() -> Result:
        ours = [one["id"] for one in _listed_policies(api) if _is_ours(place, one)]
        for id in ours:
            api(ApiRequest("DELETE", f"user/webhooks/security/policies/{id}"))
        return Result.DELETED if ours else Result.ABSENT

    return _Step(
        f"SendGrid: a signature for inbound e-mails; the public key into the secret {INBOUND_KEY}",
        (str(_make_policy(place)),),
        make,
        api,
        (f"DELETE {SENDGRID}/v3/user/webhooks/security/policies/<each policy named {name(place)}>",),
        delete,
    )


def _look_at_inbound_parse(place: Place) -> ApiRequest:
    return ApiRequest("GET", f"user/webhooks/parse/settings/{place.domain}")


def _inbound_parse_setting(place: Place, policy_id: str) -> dict[str, Any]:
    """As docs/e-mail.md describes. `security_policy` is not in SendGrid's published schema; it is on its page
    https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/securing-your-parse-webhooks."""
    return {
        "url": f"https://{place.domain}/receive-email",
        "hostname": place.domain,
        "spam_check": True,
        "send_raw": True,
        "security_policy": policy_id,
    }


def _inbound_parse(place: Place, api: Api, secrets: Secrets) -> Step:
    def look_and_make() -> Result:
        policy = _choose(place, api, secrets)
        if policy is None:
            raise StepFailed(f"SendGrid has no policy named {name(place)} to sign inbound e-mails by")
        wanted = _inbound_parse_setting(place, policy.id)
        setting, result = api.find(_look_at_inbound_parse(place)), Result.UPDATED
        if setting is None:
            try:
                setting, result = api(ApiRequest("POST", "user/webhooks/parse/settings", wanted)), Result.CREATED
            except Refused as error:
                return _not_yet(place, api, error)
        if all(setting.get(one) == value for one, value in wanted.items()):
            return Result.CREATED if result is Result.CREATED else Result.UNCHANGED
        attach(place, policy, api)
        return result

    def delete() -> Result:
        if api.find(_look_at_inbound_parse(place)) is None:
            return Result.ABSENT
        api(ApiRequest("DELETE", f"user/webhooks/parse/settings/{place.domain}"))
        return Result.DELETED

    return _Step(
        f"SendGrid: e-mails to {place.domain} posted to receive-email, signed",
        (str(ApiRequest("POST", "user/webhooks/parse/settings", _inbound_parse_setting(place, "<the policy's id>"))),),
        look_and_make,
        api,
        (str(ApiRequest("DELETE", f"user/webhooks/parse/settings/{place.domain}")),),
        delete,
    )


def receives_inbound(place: Place, api: Api) -> bool:
    """Whether SendGrid posts us the e-mails to the desk's domain."""
    return attached_to(place, api) is not None


def _not_yet(place: Place, api: Api, error: Refused) -> Result:
    """SendGrid posts e-mails for authenticated domains alone
    (https://www.twilio.com/docs/sendgrid/api-reference/settings-inbound-parse/create-a-parse-setting): with the first
    `make deploy` the DNS records do not exist yet, and the rest must not wait for them."""
    domain = authenticated_domain(place, api)
    if error.blames_key or domain is None or domain.valid:
        raise error
    say(f"    {error}\n    Set the DNS records. When `make deploy-check` finds them, run `make deploy` once more.")
    return Result.ABSENT
