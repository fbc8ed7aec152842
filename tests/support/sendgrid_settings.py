"""A local SendGrid account: keeps what it is told, and holds every request, and its own answers, against SendGrid's
published schemas (and ours of the pages, where nothing is published: tests/support/sendgrid/settings.json)."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

from tests.support.threaded import QuietHandler, http_server

ENGINEERS_KEY = "SG.engineer.full"
_FOLDER = Path(__file__).parent / "sendgrid"
_SCHEMAS = {
    start: OpenAPI.from_file_path(str(_FOLDER / file))
    for start, file in {
        "/v3/mail/": "tsg_mail_v3.json",
        "/v3/user/webhooks/": "tsg_webhooks_v3.json",
        "/v3/": "settings.json",
    }.items()
}


@dataclass
class Account:
    """What is at SendGrid, and how it behaves."""

    url: str = ""
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By id."""
    tracking: dict[str, bool] = field(default_factory=lambda: {"click": True, "open": True})
    domains: list[dict[str, Any]] = field(default_factory=list)
    webhooks: list[dict[str, Any]] = field(default_factory=list)
    policies: list[dict[str, Any]] = field(default_factory=list)
    parse: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By host name."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of each request."""
    faults: list[str] = field(default_factory=list)
    """Each way in which a request, or an answer, broke its schema."""
    orders: list[tuple[str, str, int]] = field(default_factory=list)
    """Method, how the path begins and status: so the next such request is answered, and nothing is done. Status 0 does
    it and then answers 500."""
    records_are_set: bool = False
    """Whether the domain's records are in its zone."""
    insists_on_records: bool = False
    """Whether messages and senders of a domain without its records are refused."""
    refuses_with: int = 400
    """Status for messages of such a domain; SendGrid's page does not say which."""
    tells_least: bool = False
    """Whether answers leave out what SendGrid's schema lets them leave out: lists of nothing, and a key that was just
    made (it is there at the next look)."""
    shows_no_key: bool = False
    """Whether it goes on so with the public keys of policies."""
    unknown_for: int = 0
    """How many requests a new key is still unknown for."""
    forgets_policy: bool = False
    """Whether a policy that comes with a new parse setting is passed over."""
    same_key_again: bool = False
    changed: Callable[[], None] = lambda: None
    """Called after each change."""
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def changes(self) -> list[tuple[str, str]]:
        """The requests that were no mere look."""
        return [one for one in self.asked if one[0] != "GET"]

    def number(self) -> int:
        """A new one."""
        return next(self._numbers)


class Answered(Exception):
    """An answer other than that it was done."""

    def __init__(self, status: int, message: str, at: str | None = None) -> None:
        self.status = status
        self.body = {"errors": [{"message": message, "field": at}]}


@contextmanager
def sendgrid_account() -> Iterator[Account]:
    """An account of its own, over HTTP."""
    account = Account()

    class Handler(QuietHandler):
        def _do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            request = _Request(self.command.lower(), urlsplit(self.path), self.rfile.read(length), self.headers)
            account.asked.append((self.command, request.path))
            status, body = _answer(account, request)
            self.send_response(status)
            content = b"" if body is None else json.dumps(body).encode()
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _do

    with http_server(Handler) as account.url:
        yield account


class _Request:
    """A request in the shape that openapi-core reads."""

    host_url = "https://api.sendgrid.com"
    content_type = "application/json"

    def __init__(self, method: str, url: Any, body: bytes, headers: Any) -> None:
        self.method = method
        self.path = url.path
        self.body = body
        self.headers = headers
        query = ImmutableMultiDict(parse_qsl(url.query))
        self.parameters = RequestParameters(
            query=query, header=Headers(list(headers.items())), cookie=ImmutableMultiDict()
        )


@dataclass(frozen=True)
class _Response:
    """An answer in the shape that openapi-core reads."""

    status_code: int
    data: bytes
    content_type: str = "application/json"
    headers: Headers = field(default_factory=Headers)


def _answer(account: Account, request: _Request) -> tuple[int, Any]:
    schema = next(schema for start, schema in _SCHEMAS.items() if request.path.startswith(start))
    errors = [str(error.__cause__ or error) for error in schema.iter_request_errors(request)]
    account.faults += [f"{request.method} {request.path}: {error}" for error in errors]
    try:
        ordered = _ordered(account, request)
        status, body = _do(account, request, request.path.removeprefix("/v3/").split("/"))
        if request.method != "get":
            account.changed()
        if ordered == 0:
            raise Answered(500, "internal error")
    except Answered as answered:
        return answered.status, answered.body
    if body is not None:  # a sandbox's 200 is on SendGrid's page of it and not in its schema
        response = _Response(status, json.dumps(body).encode())
        account.faults += [
            f"our answer to {request.method} {request.path}: {error.__cause__ or error}"
            for error in schema.iter_response_errors(request, response)
        ]
    return status, body


def _ordered(account: Account, request: _Request) -> int | None:
    for order in account.orders:
        method, start, status = order
        if request.method == method.lower() and request.path.startswith(f"/v3/{start}"):
            account.orders.remove(order)
            if status:
                raise Answered(status, "access forbidden" if status == 403 else f"as ordered: {status}")
            return status
    return None


def _do(account: Account, request: _Request, path: list[str]) -> tuple[int, Any]:
    _authorize(account, request, path)
    body = json.loads(request.body) if request.body else {}
    match request.method, path:
        case "post", ["mail", "send"]:
            return _send(account, body)
        case "get", ["tracking_settings", kind]:
            return 200, {"enabled": account.tracking[kind]}
        case "patch", ["tracking_settings", kind]:
            account.tracking[kind] = body["enabled"]
            return 200, {"enabled": account.tracking[kind]}
        case _, ["api_keys", *rest]:
            return _keys(account, request.method, rest, body)
        case _, ["whitelabel", "domains", *rest]:
            return _domains(account, request, rest, body)
        case _, ["user", "webhooks", "event", "settings", *rest]:
            return _event_webhooks(account, request.method, rest, body)
        case _, ["user", "webhooks", "security", "policies", *rest]:
            return _policies(account, request.method, rest, body)
        case _, ["user", "webhooks", "parse", "settings", *rest]:
            return _parse(account, request.method, rest, body)
    raise Answered(404, "not found")


def _authorize(account: Account, request: _Request, path: list[str]) -> None:
    key = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if key == ENGINEERS_KEY:
        return
    known = next((one for one in account.keys.values() if one["api_key"] == key), None)
    if known and account.unknown_for:
        account.unknown_for -= 1
        known = None
    if known is None:
        raise Answered(401, "The provided authorization grant is invalid, expired, or revoked")
    if path != ["mail", "send"] or "mail.send" not in known["scopes"]:
        raise Answered(403, "access forbidden")


def _send(account: Account, body: dict[str, Any]) -> tuple[int, Any]:
    domain = body["from"]["email"].partition("@")[2]
    if not _may_use(account, domain):
        raise Answered(403, "The from address does not match a verified Sender Identity.", "from")
    if not body["mail_settings"]["sandbox_mode"]["enable"]:
        account.faults.append("a mail went out")
    return 200, None


def _may_use(account: Account, domain: str) -> bool:
    known = any(one["domain"] == domain for one in account.domains)
    return known and (account.records_are_set or not account.insists_on_records)


def _keys(account: Account, method: str, rest: list[str], body: dict[str, Any]) -> tuple[int, Any]:
    match method, rest:
        case "get", []:
            return 200, {"result": [{"api_key_id": id, "name": one["name"]} for id, one in account.keys.items()]}
        case "post", []:
            id = f"id{account.number()}"
            account.keys[id] = {"api_key_id": id, "api_key": f"SG.{id}.secret", **body}
            return 201, account.keys[id]
    if rest[0] not in account.keys:
        raise Answered(404, "unable to find API Key")
    if method == "delete":
        del account.keys[rest[0]]
        return 204, None
    return 200, {"result": [{name: account.keys[rest[0]][name] for name in ("api_key_id", "name", "scopes")}]}


def _domains(account: Account, request: _Request, rest: list[str], body: dict[str, Any]) -> tuple[int, Any]:
    match request.method, rest:
        case "get", []:
            wanted = request.parameters.query.get("domain", "")
            return 200, [one for one in account.domains if wanted in one["domain"]]
        case "post", []:
            domain, id = body["domain"], account.number()
            hosts = {"mail_cname": f"em{id}", "dkim1": "s1._domainkey", "dkim2": "s2._domainkey"}
            dns = {
                name: {
                    "valid": False,
                    "type": "cname",
                    "host": f"{host}.{domain}",
                    "data": f"{name}.u7.wl.sendgrid.net",
                }
                for name, host in hosts.items()
            }
            made = {"id": id, "subdomain": f"em{id}", "legacy": False, "valid": False, "dns": dns, **body}
            account.domains.append(made)
            return 201, made
        case "post", [id, "validate"]:
            [one] = [one for one in account.domains if str(one["id"]) == id]
            one["valid"] = account.records_are_set
            reason = None if one["valid"] else 'Expected CNAME for "em" to match.'
            results = {name: {"valid": one["valid"], "reason": reason} for name in one["dns"]}
            return 200, {"id": one["id"], "valid": one["valid"], "validation_results": results}
    raise Answered(404, "not found")


def _event_webhooks(account: Account, method: str, rest: list[str], body: dict[str, Any]) -> tuple[int, Any]:
    match method, rest:
        case "get", ["all"]:
            if account.tells_least and not account.webhooks:
                return 200, {}
            return 200, {"max_allowed": 1, "webhooks": account.webhooks or [{}]}
        case "post", []:
            if any(one["url"] == body["url"] for one in account.webhooks):
                raise Answered(400, f"Webhook at '{body['url']}' already exists. Please provide a unique URL.")
            account.webhooks.append({"id": f"webhook-{account.number()}", **body})
            return 201, account.webhooks[-1]
        case "patch", ["signed", id]:
            webhook = _one(account.webhooks, id)
            if body["enabled"]:
                number = 1 if account.same_key_again else account.number()
                webhook.setdefault("public_key", f"reports-{number}")
            else:
                webhook.pop("public_key", None)
            return 200, {"id": id} if account.tells_least else {"id": id, "public_key": webhook.get("public_key", "")}
        case "patch", [id]:
            _one(account.webhooks, id).update(body)
            return 200, _one(account.webhooks, id)
        case "delete", [id]:
            account.webhooks.remove(_one(account.webhooks, id))
            return 204, None
    raise Answered(404, "not found")


def _policies(account: Account, method: str, rest: list[str], body: dict[str, Any]) -> tuple[int, Any]:
    match method, rest:
        case "get", []:
            if account.shows_no_key:
                return 200, {"policies": [{"id": one["id"], "name": one["name"]} for one in account.policies]}
            return 200, {"policies": account.policies} if account.policies or not account.tells_least else {}
        case "post", []:
            assert body["signature"] == {"enabled": True}
            number = account.number()
            signature = {"public_key": f"messages-{number}"}
            account.policies.append({"id": f"policy-{number}", "name": body["name"], "signature": signature})
            keyless = account.tells_least or account.shows_no_key
            told = {"id": f"policy-{number}", "name": body["name"]} if keyless else account.policies[-1]
            return 201, {"policy": told}
        case "delete", [id]:
            if any(one.get("security_policy") == id for one in account.parse.values()):
                raise Answered(400, "the policy is in use")
            account.policies.remove(_one(account.policies, id))
            return 200, {"policy": id}
    raise Answered(404, "not found")


def _parse(account: Account, method: str, rest: list[str], body: dict[str, Any]) -> tuple[int, Any]:
    if "security_policy" in body:
        _one(account.policies, body["security_policy"])
    if method == "post":
        if not _may_use(account, body["hostname"]):
            raise Answered(account.refuses_with, "hostname does not belong to an authenticated domain")
        account.parse[body["hostname"]] = dict(body)
        if account.forgets_policy:
            del account.parse[body["hostname"]]["security_policy"]
        return 201, account.parse[body["hostname"]]
    if rest[0] not in account.parse:
        raise Answered(404, "not found")
    if method == "delete":
        del account.parse[rest[0]]
        return 204, None
    if method == "patch":
        account.parse[rest[0]].update(body)
    return 200, account.parse[rest[0]]


def _one(all: list[dict[str, Any]], id: str) -> dict[str, Any]:
    for one in all:
        if one["id"] == id:
            return one
    raise Answered(404, "Invalid id provided.")
