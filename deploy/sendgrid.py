"""SendGrid's side of the desk, by its v3 API: a key for the functions, the domain, the two webhooks with their
signatures, and no tracking.

Source: https://www.twilio.com/docs/sendgrid/api-reference. Each step looks first; a second run changes nothing.
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
from deploy.secrets import MESSAGES_KEY, REPORTS_KEY, SENDGRID_KEY
from deploy.steps import Came, Run, Step, StepFailed, say
from schemas.deliveries import DELIVERIES

HOST = "https://api.sendgrid.com"
TIMEOUT = 20.0
"""Seconds for each part of an answer."""
_AGAIN_AFTER = 15.0
"""Seconds; a limit of requests is lifted within a minute
(https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits)."""
_TRIES = 5


class Secrets(Protocol):
    """Where the functions' keys are kept, by the names of their secrets."""

    def get(self, name: str) -> str | None:
        """What the secret holds now; nothing where it holds nothing yet."""
        ...

    def put(self, name: str, value: str) -> None:
        """Let the secret hold this from now on; functions that are deployed afterwards read it."""
        ...


@dataclass(frozen=True)
class Ask:
    """A request, as it is planned and as it is sent."""

    method: str
    path: str
    """Below `/v3/`."""
    body: Mapping[str, Any] | None = None
    query: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        query = "?" + "&".join(f"{name}={value}" for name, value in self.query.items()) if self.query else ""
        return f"{self.method} {HOST}/v3/{self.path}{query}" + (f" {json.dumps(self.body)}" if self.body else "")

    @property
    def scope(self) -> str:
        """What a key must be allowed for it (https://www.twilio.com/docs/sendgrid/api-reference/api-key-permissions).
        For signatures the page names no scope; full access does."""
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
    """SendGrid did not do what it was asked; asking again would not help."""

    def __init__(self, ask: Ask, status: int, fields: Sequence[str | None], said: str) -> None:
        self.blames_key = status == 401 or (status == 403 and "forbidden" in said.lower())
        """Whether it is the key that it finds fault with. A 403 with other words may be about anything
        (https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/errors)."""
        advice = _advice(ask, status) if self.blames_key else ""
        super().__init__(f"{ask.method} /v3/{ask.path}: SendGrid answered {status}: {said}{advice}")
        self.status = status
        self.fields = fields
        """Which fields of the request SendGrid finds fault with."""


class Passing(StepFailed):
    """SendGrid, or the way to it, failed for a reason that passes."""


def _advice(ask: Ask, status: int) -> str:
    unknown = "is unknown or was deleted, or it " if status == 401 else ""
    return f"\nThe key {unknown}lacks the scope: {ask.scope}"


class Api:
    """SendGrid's API by one key. The key is asked for with the first request, so a plan needs none; `host` is SendGrid
    or a stand-in for it; `wait` takes seconds."""

    def __init__(self, key: Callable[[], str], host: str = HOST, wait: Callable[[float], None] = time.sleep) -> None:
        self._key = key
        self._host = host
        self._client: Any = None
        self.wait = wait

    def by(self, key: str) -> "Api":
        """The same API by another key."""
        return Api(lambda: key, self._host, self.wait)

    def __call__(self, ask: Ask) -> Any:
        """The answer's JSON, if it has any. Raises `Refused` or `Passing`."""
        if self._client is None:
            sendgrid = SendGridAPIClient(self._key(), host=self._host)
            sendgrid.client.timeout = TIMEOUT
            self._client = sendgrid.client
        request = getattr(self._client._(ask.path), ask.method.lower())
        try:
            answer = request(request_body=ask.body, query_params=dict(ask.query) or None)
        except HTTPError as error:
            raise _failure(ask, error) from None
        except (OSError, HTTPException) as error:
            raise Passing(f"{ask.method} /v3/{ask.path}: SendGrid could not be reached: {error}") from None
        return json.loads(answer.body) if answer.body else None

    def find(self, ask: Ask) -> Any:
        """As a call; nothing where SendGrid has no such thing."""
        try:
            return self(ask)
        except Refused as error:
            if error.status == 404:
                return None
            raise


def _failure(ask: Ask, error: HTTPError) -> StepFailed:
    try:
        told = json.loads(error.body)["errors"]
        fields, said = [one.get("field") for one in told], "; ".join(one["message"] for one in told)
    except (ValueError, TypeError, KeyError, AttributeError):
        fields, said = [], str(error.reason)
    if error.status_code == 429 or error.status_code >= 500:
        return Passing(f"{ask.method} /v3/{ask.path}: SendGrid answered {error.status_code}: {said}")
    return Refused(ask, error.status_code, fields, said)


def open_api(environment: Mapping[str, str] = os.environ, ask: Callable[[str], str] = getpass) -> Api:
    """The API by the engineer's own key, from `SENDGRID_API_KEY` or typed in at the terminal. It is kept nowhere."""

    def key() -> str:
        if found := environment.get("SENDGRID_API_KEY"):
            return _usable(found)
        if sys.stdin.isatty():
            return _usable(ask("Your SendGrid API key (full access; it is not kept): "))
        raise StepFailed("Set SENDGRID_API_KEY to a key of your SendGrid account with full access; it is not kept.")

    return Api(key, environment.get("SENDGRID_HOST", HOST))


def try_engineers_key(api: Api) -> None:
    """See that SendGrid takes it, by a look that `steps` begins with anyhow: what comes before them takes minutes.
    Raises `StepFailed`."""
    patiently(lambda: api(_look_at_tracking("click")), api.wait)


def _usable(key: str) -> str:
    """The key as a header may hold it; of one that it may not, Python's error would show the whole."""
    if not re.fullmatch("[!-~]+", key.strip()):
        raise StepFailed("The SendGrid API key has something in it that no key has, as a blank or a line's end.")
    return key.strip()


_T = TypeVar("_T")


def patiently(work: Callable[[], _T], wait: Callable[[float], None]) -> _T:
    """Do the whole work again while it fails for a reason that passes: it looks first, so that a request which was
    carried out and answered with an error is not repeated. Raises `Passing` after some tries."""
    for _ in range(_TRIES - 1):
        try:
            return work()
        except Passing:
            wait(_AGAIN_AFTER)
    return work()


@dataclass(frozen=True)
class _Step:
    """A step that asks SendGrid; what each makes is said below."""

    makes: str
    asks: tuple[str, ...]
    """The plan."""
    look_and_make: Callable[[], Came]
    wait: Callable[[float], None]
    asks_away: tuple[str, ...] = ()
    look_and_unmake: Callable[[], Came] | None = None
    """Nothing where it stays."""
    holds_data: bool = False

    def plan(self) -> Sequence[str]:
        return self.asks

    def take(self, run: Run) -> Came:
        return patiently(self.look_and_make, self.wait)

    def plan_away(self) -> Sequence[str]:
        return self.asks_away

    def take_away(self, run: Run) -> Came:
        return patiently(self.look_and_unmake, self.wait) if self.look_and_unmake else Came.AS_IT_WAS


def steps(place: Place, api: Api, secrets: Secrets) -> tuple[Step, ...]:
    """What the desk needs at SendGrid. The keys of both webhooks go into secrets, so these steps come before the
    functions.

    The domain's authentication and the account's tracking settings stay when the rest is taken away: the one is other
    people's DNS and may serve other senders, of the others nobody knows any more how they were.
    """
    return (
        _tracking(api, "click"),
        _tracking(api, "open"),
        _domain(place, api),
        _key(place, api, secrets),
        _reports(place, api, secrets),
        _policy(place, api, secrets),
        _messages(place, api, secrets),
    )


def name(place: Place) -> str:
    """What our things are called at SendGrid, where other desks may be in the same account."""
    return f"Rollcall {place.domain}"


# --- Tracking ---


def _look_at_tracking(kind: str) -> Ask:
    return Ask("GET", f"tracking_settings/{kind}")


def _tracking(api: Api, kind: str) -> Step:
    look, off = _look_at_tracking(kind), Ask("PATCH", f"tracking_settings/{kind}", {"enabled": False})

    def make() -> Came:
        if not api(look)["enabled"]:
            return Came.AS_IT_WAS
        api(off)
        return Came.CHANGED

    return _Step(f"SendGrid: {kind} tracking off, for the whole account", (str(off),), make, api.wait)


# --- The domain ---


@dataclass(frozen=True)
class AuthenticatedDomain:
    """A domain that SendGrid may sign for, once the records are in its zone."""

    id: int
    valid: bool
    """Whether SendGrid saw the records when it last looked."""
    cnames: tuple[tuple[str, str], ...]
    """Host and value of each record."""


def authenticated_domain(place: Place, api: Api) -> AuthenticatedDomain | None:
    """The desk's domain at SendGrid, with automatic security (three CNAME records, and SendGrid changes its keys)."""
    found = [
        one
        for one in api(Ask("GET", "whitelabel/domains", query={"domain": place.domain})) or []
        if one["domain"] == place.domain and one["automatic_security"] and not one.get("legacy")
    ]
    return _domain_of(max(found, key=lambda one: bool(one["valid"]))) if found else None


def validate(domain: AuthenticatedDomain, api: Api) -> tuple[bool, str]:
    """Let SendGrid look at the zone: whether all is there, and what it finds fault with."""
    told = patiently(lambda: api(Ask("POST", f"whitelabel/domains/{domain.id}/validate")), api.wait)
    results = (told.get("validation_results") or {}).values()
    return bool(told["valid"]), "; ".join(one["reason"] for one in results if not one["valid"] and one.get("reason"))


def _domain_of(told: Mapping[str, Any]) -> AuthenticatedDomain:
    cnames = tuple((one["host"], one["data"]) for one in told["dns"].values())
    return AuthenticatedDomain(told["id"], bool(told["valid"]), cnames)


def _domain(place: Place, api: Api) -> Step:
    make = Ask("POST", "whitelabel/domains", {"domain": place.domain, "automatic_security": True, "default": False})

    def look_and_make() -> Came:
        if authenticated_domain(place, api):
            return Came.AS_IT_WAS
        api(make)
        return Came.MADE

    return _Step(f"SendGrid: authentication of {place.domain}", (str(make),), look_and_make, api.wait)


# --- The key ---


def make_key(place: Place, api: Api) -> str:
    """A new key that may send mail and nothing else, tried with a message that SendGrid checks and does not send
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
    return [one["api_key_id"] for one in api(Ask("GET", "api_keys"))["result"] if one["name"] == name(place)]


def _make_key(place: Place) -> Ask:
    return Ask("POST", "api_keys", {"name": name(place), "scopes": ["mail.send"]})


@contextmanager
def _deleted_on_failure(api: Api, id: str) -> Iterator[None]:
    try:
        yield
    except StepFailed:
        api(Ask("DELETE", f"api_keys/{id}"))
        raise


def _sandbox_send(place: Place) -> Ask:
    return Ask(
        "POST",
        "mail/send",
        {
            "personalizations": [{"to": [{"email": place.duty}]}],
            "from": {"email": place.sender},
            "subject": "Rollcall tries out its key",
            "content": [{"type": "text/plain", "value": "SendGrid checks this message and does not send it."}],
            "mail_settings": {"sandbox_mode": {"enable": True}},
        },
    )


def _try_out(place: Place, api: Api) -> None:
    try:
        _send_once_known(_sandbox_send(place), api)
    except Refused as error:
        if error.status != 403 or "from" not in error.fields:  # the sender is at fault, not the key
            raise
        say(f"    the key is good; SendGrid takes mail from {place.sender} once the DNS records are there")


def _send_once_known(ask: Ask, api: Api) -> None:
    """A key that was made a moment ago may not have got round yet."""
    for _ in range(_TRIES - 1):
        try:
            api(ask)
            return
        except Refused as error:
            if error.status != 401:
                raise
            api.wait(_AGAIN_AFTER)
    api(ask)


def _key(place: Place, api: Api, secrets: Secrets) -> Step:
    def make() -> Came:
        kept = secrets.get(SENDGRID_KEY)
        if kept and api.find(Ask("GET", f"api_keys/{key_id(kept)}")):
            return Came.AS_IT_WAS
        secrets.put(SENDGRID_KEY, make_key(place, api))
        return Came.MADE

    def unmake() -> Came:
        ids = keys_of(place, api)
        for id in ids:
            api(Ask("DELETE", f"api_keys/{id}"))
        return Came.TAKEN_AWAY if ids else Came.NOT_THERE

    return _Step(
        f"SendGrid: a key that may send mail and nothing else, into the secret {SENDGRID_KEY}",
        (str(_make_key(place)), str(_sandbox_send(place))),
        make,
        api.wait,
        (f"DELETE {HOST}/v3/api_keys/<each key named {name(place)}>",),
        unmake,
    )


# --- Delivery reports: the Event Webhook ---

_REPORTS = (
    "bounce", "click", "deferred", "delivered", "dropped", "group_resubscribe", "group_unsubscribe", "open",
    "processed", "spam_report", "unsubscribe",
)  # fmt: skip
"""All that SendGrid can report (https://www.twilio.com/docs/sendgrid/api-reference/webhooks/create-an-event-webhook)."""


def webhook_of(place: Place, api: Api) -> Mapping[str, Any] | None:
    """The webhook that posts to us; there is no more than one for an address."""
    told = api(Ask("GET", "user/webhooks/event/settings/all"))
    there = told.get("webhooks") or []  # where there is none, one without anything
    return next((one for one in there if one.get("url") == _webhook(place)["url"]), None)


def sign_reports(id: str, api: Api, on: bool = True) -> str:
    """Turn the webhook's signature on: its public key; or off: nothing. Raises `Passing` where the key is not shown."""
    told = api(Ask("PATCH", f"user/webhooks/event/settings/signed/{id}", {"enabled": on}))
    return _public_key(told) if on else ""


def _public_key(told: Mapping[str, Any] | None) -> str:
    """SendGrid's schemas promise none. Raises `Passing` where there is none: it may be there at the next look."""
    key = str((told or {}).get("public_key") or "")
    if not key:
        raise Passing("SendGrid signs, and does not show the public key of it; if it goes on so, ask its support")
    return key


def keep_public_key(secrets: Secrets, secret: str, key: str, beside: str = "") -> bool:
    """See to it that the secret has the key, beside the one that signs now, or else the last one it had: what was
    signed before is still on its way. Whether that was news."""
    kept = (secrets.get(secret) or "").split()
    if key in kept and (not beside or beside in kept):
        return False
    secrets.put(secret, " ".join([*([beside] if beside else kept[-1:]), key]))
    return True


def _webhook(place: Place) -> dict[str, Any]:
    url = f"https://{place.domain}/record-deliveries"
    return {"enabled": True, "url": url, "friendly_name": name(place)} | {one: one in DELIVERIES for one in _REPORTS}


def _reports(place: Place, api: Api, secrets: Secrets) -> Step:
    wanted = _webhook(place)
    make = Ask("POST", "user/webhooks/event/settings", wanted)

    def look_and_make() -> Came:
        webhook, came = webhook_of(place, api), Came.AS_IT_WAS
        if webhook is None:
            webhook, came = api(make), Came.MADE
        elif any(webhook.get(one) != value for one, value in wanted.items()):
            api(Ask("PATCH", f"user/webhooks/event/settings/{webhook['id']}", wanted))
            came = Came.CHANGED
        key = webhook.get("public_key") or sign_reports(webhook["id"], api)
        news = keep_public_key(secrets, REPORTS_KEY, key)
        return Came.CHANGED if news and came is Came.AS_IT_WAS else came

    def unmake() -> Came:
        webhook = webhook_of(place, api)
        if webhook is None:
            return Came.NOT_THERE
        api(Ask("DELETE", f"user/webhooks/event/settings/{webhook['id']}"))
        return Came.TAKEN_AWAY

    return _Step(
        f"SendGrid: delivery reports, signed; the public key into the secret {REPORTS_KEY}",
        (str(make), str(Ask("PATCH", "user/webhooks/event/settings/signed/<id>", {"enabled": True}))),
        look_and_make,
        api.wait,
        (str(Ask("DELETE", "user/webhooks/event/settings/<id>")),),
        unmake,
    )


# --- Messages: Inbound Parse and its signature ---


@dataclass(frozen=True)
class Policy:
    """A security policy: what signs the messages that SendGrid hands on."""

    id: str
    key: str
    """The public key."""
    ours: bool
    """Whether it has our name."""


def policies(place: Place, api: Api) -> list[Policy]:
    """All policies that sign. Raises `Passing` where one of ours shows no key yet: no other must be made beside it."""
    return [
        _policy_of(place, one)
        for one in _listed_policies(api)
        if _is_ours(place, one) or (one.get("signature") or {}).get("public_key")
    ]


def _listed_policies(api: Api) -> Sequence[Mapping[str, Any]]:
    return api(Ask("GET", "user/webhooks/security/policies")).get("policies") or []


def _is_ours(place: Place, told: Mapping[str, Any]) -> bool:
    return bool(told.get("name") == name(place))


def make_policy(place: Place, api: Api) -> Policy:
    """A new one, with a key pair of its own. Raises `Passing` where its key is not shown at once."""
    return _policy_of(place, api(_make_policy(place))["policy"])


def attached_to(place: Place, api: Api) -> str | None:
    """The id of the policy by which messages are signed."""
    setting = api.find(_look_at_messages(place))
    return str(setting["security_policy"]) if setting and setting.get("security_policy") else None


def attach(place: Place, policy: Policy, api: Api) -> None:
    """Let messages be signed by this policy from now on."""
    api(Ask("PATCH", f"user/webhooks/parse/settings/{place.domain}", _messages_setting(place, policy.id)))


def chosen(all: Sequence[Policy], attached: str | None, kept: Sequence[str]) -> Policy | None:
    """The policy by which messages are to be signed: the one that signs them, whoever made it, since the functions know
    its key; otherwise ours whose key was kept last."""
    if signing := next((one for one in all if one.id == attached), None):
        return signing
    ours = [one for one in all if one.ours]
    return max(ours, key=lambda one: kept.index(one.key) if one.key in kept else -1, default=None)


def _policy_of(place: Place, told: Mapping[str, Any]) -> Policy:
    return Policy(told["id"], _public_key(told.get("signature")), _is_ours(place, told))


def _make_policy(place: Place) -> Ask:
    return Ask("POST", "user/webhooks/security/policies", {"name": name(place), "signature": {"enabled": True}})


def _choose(place: Place, api: Api, secrets: Secrets) -> Policy | None:
    return chosen(policies(place, api), attached_to(place, api), (secrets.get(MESSAGES_KEY) or "").split())


def _policy(place: Place, api: Api, secrets: Secrets) -> Step:
    def make() -> Came:
        policy, came = _choose(place, api, secrets), Came.AS_IT_WAS
        if policy is None:
            policy, came = make_policy(place, api), Came.MADE
        news = keep_public_key(secrets, MESSAGES_KEY, policy.key)
        return Came.CHANGED if news and came is Came.AS_IT_WAS else came

    def unmake() -> Came:
        ours = [one["id"] for one in _listed_policies(api) if _is_ours(place, one)]
        for id in ours:
            api(Ask("DELETE", f"user/webhooks/security/policies/{id}"))
        return Came.TAKEN_AWAY if ours else Came.NOT_THERE

    return _Step(
        f"SendGrid: a signature for messages; the public key into the secret {MESSAGES_KEY}",
        (str(_make_policy(place)),),
        make,
        api.wait,
        (f"DELETE {HOST}/v3/user/webhooks/security/policies/<each policy named {name(place)}>",),
        unmake,
    )


def _look_at_messages(place: Place) -> Ask:
    return Ask("GET", f"user/webhooks/parse/settings/{place.domain}")


def _messages_setting(place: Place, policy_id: str) -> dict[str, Any]:
    """As docs/e-mail.md wants it. `security_policy` is not in SendGrid's published schema; it is on its page
    https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/securing-your-parse-webhooks."""
    return {
        "url": f"https://{place.domain}/receive-email",
        "hostname": place.domain,
        "spam_check": True,
        "send_raw": True,
        "security_policy": policy_id,
    }


def _messages(place: Place, api: Api, secrets: Secrets) -> Step:
    def look_and_make() -> Came:
        policy = _choose(place, api, secrets)
        if policy is None:
            raise StepFailed(f"SendGrid has no policy named {name(place)} to sign the messages by")
        wanted = _messages_setting(place, policy.id)
        setting, came = api.find(_look_at_messages(place)), Came.CHANGED
        if setting is None:
            try:
                setting, came = api(Ask("POST", "user/webhooks/parse/settings", wanted)), Came.MADE
            except Refused as error:
                return _not_yet(place, api, error)
        if all(setting.get(one) == value for one, value in wanted.items()):
            return Came.MADE if came is Came.MADE else Came.AS_IT_WAS
        attach(place, policy, api)
        return came

    def unmake() -> Came:
        if api.find(_look_at_messages(place)) is None:
            return Came.NOT_THERE
        api(Ask("DELETE", f"user/webhooks/parse/settings/{place.domain}"))
        return Came.TAKEN_AWAY

    return _Step(
        f"SendGrid: messages to {place.domain} handed on to receive-email, signed",
        (str(Ask("POST", "user/webhooks/parse/settings", _messages_setting(place, "<the policy's id>"))),),
        look_and_make,
        api.wait,
        (str(Ask("DELETE", f"user/webhooks/parse/settings/{place.domain}")),),
        unmake,
    )


def messages_arrive(place: Place, api: Api) -> bool:
    """Whether SendGrid hands on the messages to the desk's domain."""
    return attached_to(place, api) is not None


def _not_yet(place: Place, api: Api, error: Refused) -> Came:
    """SendGrid hands on the messages of authenticated domains alone
    (https://www.twilio.com/docs/sendgrid/api-reference/settings-inbound-parse/create-a-parse-setting): with the first
    `make deploy` the DNS records are not there yet, and the rest must not wait for them."""
    domain = authenticated_domain(place, api)
    if error.blames_key or domain is None or domain.valid:
        raise error
    say(f"    {error}\n    Set the DNS records, and when `make deploy-check` finds them: `make deploy` once more.")
    return Came.NOT_THERE
