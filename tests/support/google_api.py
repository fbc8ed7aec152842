"""A stand-in for Google's REST APIs that the real gcloud talks to. It keeps what it is told, and all that it was asked.

Resources are kept by their path, as Google's APIs do (https://google.aip.dev/121): POST to a collection creates, 409
where the thing is there; GET gives it, or 404; PATCH and PUT merge; DELETE takes it away. Operations are done at once.
What it does not do is check what it is told: that gcloud's own parser does, and the tests that read the requests.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from deploy.steps import Command, Completed, Run
from tests.support.gcloud import loaded_gcloud
from tests.support.threaded import QuietHandler, http_server

PROJECT, NUMBER = "p-test", "123456789012"

_BASES = {
    "artifactregistry": "",
    "certificatemanager": "",
    "cloudbilling": "",
    "cloudbuild": "",
    "cloudfunctions": "",
    "cloudkms": "",
    "cloudresourcemanager": "",
    "cloudscheduler": "",
    "compute": "compute/v1/",
    "dns": "dns/v1/",
    "eventarc": "",
    "firebaserules": "",
    "firestore": "",
    "iam": "",
    "iap": "",
    "logging": "",
    "monitoring": "",
    "orgpolicy": "",
    "pubsub": "",
    "run": "",
    "secretmanager": "",
    "serviceusage": "",
    "storage": "storage/v1/",
}
"""The APIs, as gcloud's `api_endpoint_overrides` calls them, and what of the path belongs to the address."""
_BY_OPERATION = {"artifactregistry", "certificatemanager", "cloudfunctions", "eventarc", "firestore", "serviceusage"}
"""The APIs whose changes are long-running operations, in the shape of https://google.aip.dev/151."""
_ALWAYS_THERE = ("cloudresourcemanager", "iap")
"""Where a policy may be about what nobody made."""
_KNATIVE = "apis/serving.knative.dev/v1/namespaces/"
_RUNTIMES = [
    {"name": f"python{version}", "environment": "GEN_2", "stage": "GA", "displayName": f"Python {version}"}
    for version in (310, 311, 312, 313)
]
_READS = ("getIamPolicy", "testIamPermissions", "queryTestablePermissions", "access", "batchGet", "list")


@dataclass(frozen=True)
class Asked:
    """A request."""

    api: str
    method: str
    path: str
    """Without the version."""
    query: dict[str, str]
    body: Any

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.method in ("GET", "HEAD") or self.path.rpartition(":")[2] in _READS

    def __str__(self) -> str:
        return f"{self.api} {self.method} {self.path}"


class _Refused(Exception):
    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.answer = {
            "error": {
                "code": status,
                "status": reason,
                "message": message,
                "errors": [{"message": message, "reason": reason, "domain": "global"}],
            }
        }


def _there_from_the_start() -> dict[str, dict[str, Any]]:
    logs, sink = f"projects/{PROJECT}/locations/global/buckets/_Default", f"projects/{PROJECT}/sinks/_Default"
    return {
        f"logging {logs}": {"name": logs, "retentionDays": 30, "lifecycleState": "ACTIVE"},
        f"logging {sink}": {"name": "_Default", "destination": f"logging.googleapis.com/{logs}"},
    }


@dataclass
class GoogleApi:
    """Google, for one project."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    """All requests, in their order."""
    resources: dict[str, dict[str, Any]] = field(default_factory=_there_from_the_start)
    """What is there: by API and path, as `secretmanager projects/p-test/secrets/link-key`."""
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    """IAM policies, by the path of what they are about, likewise."""
    uploaded: list[bytes] = field(default_factory=list)
    """The sources of functions that were uploaded."""
    refuse: dict[str, int] = field(default_factory=dict)
    """How many more times what contains these words (`str` of `Asked`, and its query) is refused."""
    _count: int = 0
    _open: ExitStack = field(default_factory=ExitStack)

    def environment(self, config: Path) -> dict[str, str]:
        """What gcloud must be told, so that it asks here and nobody else; `config` is a folder of its own for it."""
        told = {
            "CLOUDSDK_CONFIG": str(config),
            "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "True",
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
            # some commands of Cloud Run put the region before the host's name, which then is nobody's
            "http_proxy": self.url,
            "no_proxy": "",
        }
        return told | {
            f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api.upper()}": f"{self.url}{api}/{base}" for api, base in _BASES.items()
        }

    def runs(self, config: Path) -> Run:
        """Runs commands, gcloud's against this stand-in. Nothing here passes by itself: it never waits."""
        gcloud = self._open.enter_context(loaded_gcloud(self.environment(config)))

        def run(command: Command) -> Completed:
            assert command.argv[0] == "gcloud"
            code, output, said = gcloud(command.argv, command.stdin)
            return Completed(code == 0, output, said)

        return run

    def changes(self) -> list[Asked]:
        """The requests that were not only reads."""
        return [asked for asked in self.asked if not asked.reads]

    def members(self, of: str) -> set[tuple[str, str]]:
        """Who may do what with a thing: pairs of role and member."""
        bindings = self.policies.get(of, {}).get("bindings", [])
        return {(binding["role"], member) for binding in bindings for member in binding["members"]}

    def answer(self, asked: Asked) -> Any:
        """Do what is asked. Raises `_Refused`."""
        self.asked.append(asked)
        for words, left in self.refuse.items():
            if words in f"{asked} {asked.query}" and left > 0:
                self.refuse[words] = left - 1
                raise _Refused(400, "FAILED_PRECONDITION", "the stand-in was told to refuse this")
        key, _, verb = f"{asked.api} {asked.path}".partition(":")
        if asked.path.startswith(_KNATIVE):
            return self._knative(asked)
        if asked.api == "storage" and asked.path.endswith("/iam"):
            key, verb = key.removesuffix("/iam"), "getIamPolicy" if asked.method == "GET" else "setIamPolicy"
        if verb in ("getIamPolicy", "setIamPolicy") and asked.api not in _ALWAYS_THERE and key not in self.resources:
            raise _Refused(404, "NOT_FOUND", f"{asked.path} was not found")
        match verb, asked.method:
            case "getIamPolicy", _:
                return self.policies.get(key, {"etag": "BwAAAAAAAAA=", "version": 1})
            case "setIamPolicy", _:
                policy = asked.body.get("policy", asked.body)
                if mask := asked.body.get("updateMask"):  # the rest stays
                    named = {name: policy[name] for name in mask.split(",") if name in policy}
                    policy = {**self.policies.get(key, {}), **named}
                self.policies[key] = {**policy, "etag": "BwAAAAAAAAA="}
                return self.policies[key]
            case "testIamPermissions", _:
                return {"permissions": (asked.body or {}).get("permissions", [])}
            case "", "GET":
                return self._get(asked, key)
            case "", "POST":
                return self._post(asked, key)
            case "", "PATCH" | "PUT":
                return self._merge(asked, key)
            case "", "DELETE":
                return self._delete(asked, key)
        return self._verb(asked, key, verb)

    def _knative(self, asked: Asked) -> Any:
        """A service of Cloud Run, as gcloud describes and updates it."""
        id = asked.path.rpartition("/")[2]
        found = [path for path in self.resources if re.fullmatch(rf"run projects/.+/services/{id}", path)]
        if not found:
            raise _Refused(404, "NOT_FOUND", f"{asked.path} was not found")
        kept = self.resources[found[0]]
        if asked.method == "PUT":
            kept["metadata"] = {**kept["metadata"], "annotations": asked.body["metadata"].get("annotations", {})}
        where = {"namespace": NUMBER, "labels": {"cloud.googleapis.com/location": found[0].split("/")[3]}}
        return {
            "apiVersion": "serving.knative.dev/v1",
            "kind": "Service",
            "metadata": {"name": id, "generation": 1, **where, **kept["metadata"]},
            "spec": {
                "template": {"metadata": {}, "spec": {"containers": [{"image": "image@sha256:0"}]}},
                "traffic": [{"latestRevision": True, "percent": 100}],
            },
            "status": {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True"}]},
        }

    def _get(self, asked: Asked, key: str) -> Any:
        api, last = asked.api, asked.path.rpartition("/")[2]
        if "/operations/" in key:
            return _operation(api, asked.path, {})
        if key in self.resources:
            return self.resources[key]
        if key.startswith("cloudresourcemanager projects/") and last in (PROJECT, NUMBER):
            state = {"lifecycleState": "ACTIVE", "state": "ACTIVE"}
            name = f"projects/{NUMBER}" if "v3" in asked.query.get("_version", "") else "Rollcall"
            return {"projectId": PROJECT, "projectNumber": NUMBER, "name": name, **state}
        if key.startswith("cloudbilling "):
            return {"projectId": PROJECT, "billingEnabled": True, "billingAccountName": "billingAccounts/0-0-0"}
        if api == "storage" and last == "serviceAccount":
            return {"email_address": f"service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com"}
        if api == "cloudfunctions" and last == "runtimes":
            return {"runtimes": _RUNTIMES}
        if _is_collection(api, asked.path):
            return self._list(asked, key)
        raise _Refused(404, "NOT_FOUND", f"{asked.path} was not found")

    def _list(self, asked: Asked, key: str) -> Any:
        below = re.compile(re.escape(key).replace("/\\-/", "/[^/]+/"))
        items = [thing for path, thing in self.resources.items() if below.fullmatch(path.rpartition("/")[0])]
        if asked.api == "firestore" and "ttlConfig" in asked.query.get("filter", ""):
            items = [thing for thing in items if "ttlConfig" in thing]
        elif asked.api == "firestore" and "usesAncestorConfig" in asked.query.get("filter", ""):
            items = [thing for thing in items if "indexConfig" in thing]
        last = asked.path.rpartition("/")[2]
        names = {"b": "items", "serviceAccounts": "accounts", "o": "items"}
        return {"items" if asked.api in ("compute", "dns") else names.get(last, last): items}

    def _post(self, asked: Asked, key: str) -> Any:
        body = dict(asked.body or {})
        if asked.api == "compute" and (key.rpartition("/")[0] in self.resources or key.endswith("/wait")):
            return self._compute_verb(asked, key)
        id, thing = self._id(asked, body)
        path = f"{asked.path}/{id}"
        new = f"{asked.api} {path}"
        if new in self.resources:
            raise _Refused(
                409, "alreadyExists" if asked.api == "compute" else "ALREADY_EXISTS", f"{path} already exists"
            )
        if asked.api == "compute":
            thing |= {"name": id, "id": str(self._next()), "selfLink": self._link(asked.api, path)}
        elif asked.api == "storage":
            thing |= {"name": id, "id": id, "metageneration": "1", "projectNumber": NUMBER}
            path, new = f"b/{id}", f"storage b/{id}"
        elif asked.api == "logging":
            thing |= {"name": id}
        else:
            thing |= {"name": path}
        self.resources[new] = self._filled_in(asked, thing)
        return self._changed(asked, new)

    def _id(self, asked: Asked, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        by_query = [value for name, value in asked.query.items() if name.endswith("Id") and name != "requestId"]
        if asked.api == "iam" and "accountId" in body:
            if not re.fullmatch("(?=.{6,30}$)[a-z][-a-z0-9]*[a-z0-9]", body["accountId"]):
                raise _Refused(400, "INVALID_ARGUMENT", f"{body['accountId']} is no account's id")
            email = f"{body['accountId']}@{PROJECT}.iam.gserviceaccount.com"
            return email, {**body.get("serviceAccount", {}), "email": email, "uniqueId": str(self._next())}
        if asked.api == "iam" and "roleId" in body:
            return body["roleId"], dict(body["role"])
        if by_query:
            return by_query[0], body
        if "name" in body:
            return body["name"].rpartition("/")[2], body
        for at, thing in self.resources.items():  # an index is known by what it is, not by a name
            there = {name: value for name, value in thing.items() if name not in ("name", "state")}
            if asked.api == "firestore" and at.rpartition("/")[0] == f"firestore {asked.path}" and there == body:
                raise _Refused(409, "ALREADY_EXISTS", "index already exists")
        return f"made-{self._next()}", body

    def _filled_in(self, asked: Asked, thing: dict[str, Any]) -> dict[str, Any]:
        """What Google adds of its own."""
        name = thing["name"]
        if asked.api == "cloudfunctions":
            id = name.rpartition("/")[2]
            where = name.replace("/functions/", "/services/")
            address = f"https://{id}-{NUMBER}.{name.split('/')[3]}.run.app"
            service = {**thing.get("serviceConfig", {}), "service": where, "uri": address}
            self.resources.setdefault(f"run {where}", {"name": where, "uri": address, "metadata": {"name": id}})
            return {**thing, "state": "ACTIVE", "environment": "GEN_2", "serviceConfig": service, "url": address}
        if asked.api == "firestore" and "/indexes/" in name:
            return {**thing, "state": "READY"}
        if asked.api == "firestore" and "ttlConfig" in thing:
            return {**thing, "ttlConfig": {"state": "CREATING"}}
        if asked.api == "cloudscheduler":
            return {**thing, "state": "ENABLED"}
        if asked.api == "certificatemanager" and "/dnsAuthorizations/" in name:
            record = {"name": f"_acme-challenge.{thing['domain']}.", "type": "CNAME", "data": "x.authorize.example."}
            return {**thing, "dnsResourceRecord": record}
        if asked.api == "compute" and "/regions/" in asked.path:  # by which gcloud finds it again
            thing = {"region": self._link("compute", "/".join(asked.path.split("/")[:4])), **thing}
        if asked.api == "compute" and "/addresses/" in f"{asked.path}/":
            return {"address": "203.0.113.7", "status": "RESERVED", **thing}
        return thing

    def _merge(self, asked: Asked, key: str) -> Any:
        fields = key.startswith("firestore ") and "/fields/" in key
        if key not in self.resources and not fields and asked.method == "PATCH":
            raise _Refused(404, "NOT_FOUND", f"{asked.path} was not found")
        body = dict(asked.body or {})
        within = {"iam": "role", "firebaserules": "release"}.get(asked.api, "")
        body = body.get(within, body)
        thing = _merged(self.resources.get(key, {"name": asked.path}), body)
        if asked.api == "logging":  # what is named and not given is emptied (https://google.aip.dev/134)
            thing = {name: one for name, one in thing.items() if name in body or name != asked.query.get("updateMask")}
        self.resources[key] = self._filled_in(asked, thing)
        return self._changed(asked, key)

    def _delete(self, asked: Asked, key: str) -> Any:
        if key not in self.resources:
            raise _Refused(404, "NOT_FOUND", f"{asked.path} was not found")
        for below in [path for path in self.resources if path == key or path.startswith(f"{key}/")]:
            del self.resources[below]
        if asked.api == "cloudfunctions":
            self.resources.pop(f"run {asked.path.replace('/functions/', '/services/')}", None)
        if asked.api == "compute":
            return self._compute_operation(asked.path, "delete")
        return _operation(asked.api, self._operation_name(asked.path), {}) if asked.api in _BY_OPERATION else {}

    def _changed(self, asked: Asked, key: str) -> Any:
        thing = self.resources[key]
        if asked.api == "compute":
            return self._compute_operation(key.partition(" ")[2])
        if asked.api in _BY_OPERATION:
            return _operation(asked.api, self._operation_name(asked.path), thing)
        return thing

    def _verb(self, asked: Asked, key: str, verb: str) -> Any:
        if asked.api == "serviceusage":
            ids = (asked.body or {}).get("serviceIds", [asked.path.partition(":")[0].rpartition("/")[2]])
            for id in ids:
                name = f"projects/{NUMBER}/services/{id}"
                kept = {"name": name, "config": {"name": id}, "state": "ENABLED", "parent": f"projects/{NUMBER}"}
                self.resources[f"serviceusage projects/{PROJECT}/services/{id}"] = kept
            return _operation(asked.api, f"operations/acat.{self._next()}", {})
        if verb == "addVersion":
            number = 1 + sum(path.startswith(f"{key}/versions/") for path in self.resources)
            name = f"{key.partition(' ')[2]}/versions/{number}"
            self.resources[f"{key}/versions/{number}"] = {"name": name, "state": "ENABLED", **asked.body}
            return {"name": name, "state": "ENABLED", "clientSpecifiedPayloadChecksum": True}
        if verb == "access":
            versions = [
                path for path in self.resources if path.startswith(key.replace("/versions/latest", "/versions/"))
            ]
            if not versions:
                raise _Refused(404, "NOT_FOUND", f"{asked.path} was not found")
            version = self.resources[max(versions, key=lambda path: int(path.rpartition("/")[2]))]
            return {"name": version["name"], "payload": version["payload"]}
        if verb in ("disable", "enable", "destroy", "pause", "resume"):
            states = {"disable": "DISABLED", "enable": "ENABLED", "destroy": "DESTROYED", "pause": "PAUSED"}
            self.resources[key]["state"] = states.get(verb, "ENABLED")
            return self.resources[key]
        if verb == "generateUploadUrl":
            source = {"bucket": "uploads", "object": f"source-{self._next()}.zip"}
            return {"uploadUrl": f"{self.url}upload/", "storageSource": source}
        if verb == "list" and asked.api == "logging":
            return {"entries": []}
        raise _Refused(501, "UNIMPLEMENTED", f"the stand-in does not know {asked}")

    def _compute_verb(self, asked: Asked, key: str) -> Any:
        """A change that has an address of its own, as `securityPolicies/rollcall/addRule`."""
        of, _, verb = key.rpartition("/")
        if verb == "wait":
            return self._compute_operation(asked.path.partition("/operations/")[0])
        thing, body = self.resources[of], dict(asked.body or {})
        match verb:
            case "addRule":
                if any(rule["priority"] == body["priority"] for rule in thing.setdefault("rules", [])):
                    raise _Refused(400, "invalid", "Cannot have rules with the same priorities.")
                thing["rules"].append(body)
            case "patchRule":
                there = [rule for rule in thing["rules"] if str(rule["priority"]) == asked.query["priority"]]
                there[0].update(body)
            case "removeRule":
                left = [rule for rule in thing["rules"] if str(rule["priority"]) != asked.query["priority"]]
                thing["rules"] = left
            case _:
                thing |= body
        return self._compute_operation(of.partition(" ")[2])

    def _compute_operation(self, path: str, kind: str = "any") -> dict[str, Any]:
        scope = "/".join(path.split("/")[: 3 if "/global/" in path else 4])
        name = f"operation-{self._next()}"
        self.resources[f"compute {scope}/operations/{name}"] = operation = {
            "kind": "compute#operation",
            "name": name,
            "status": "DONE",
            "progress": 100,
            "operationType": kind,
            "targetLink": self._link("compute", path),
            "selfLink": self._link("compute", f"{scope}/operations/{name}"),
        }
        if "/regions/" in scope:
            operation["region"] = self._link("compute", scope)
        return operation

    def _operation_name(self, path: str) -> str:
        parts = path.partition(":")[0].split("/")
        deep = 4 if "locations" in parts[2:3] or "databases" in parts[2:3] else 2
        return f"{'/'.join(parts[:deep])}/operations/operation-{self._next()}"

    def _link(self, api: str, path: str) -> str:
        return f"{self.url}{api}/{_BASES[api]}{path}"

    def _next(self) -> int:
        self._count += 1
        return self._count


def _operation(api: str, name: str, response: dict[str, Any]) -> dict[str, Any]:
    kind = "google.protobuf.Empty" if not response else f"google.{api}.Thing"
    answer = {"@type": f"type.googleapis.com/{kind}", **deepcopy(response)}
    metadata = {"@type": f"type.googleapis.com/google.{api}.Metadata", "state": "SUCCESSFUL"}
    return {"name": name, "done": True, "metadata": metadata, "response": answer}


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    both = dict(old)
    for name, value in new.items():
        there = both.get(name)
        whole = name in ("labels", "environmentVariables", "secretEnvironmentVariables")
        both[name] = (
            _merged(there, value) if isinstance(there, dict) and isinstance(value, dict) and not whole else value
        )
    return both


def _is_collection(api: str, path: str) -> bool:
    """Collections and things take turns in a path, below `projects/<project>` and, at times, `global`."""
    parts = [part for part in path.split("/") if part != "global" or api != "compute"]
    return len(parts) % 2 == 1


def _asked(api: str, method: str, raw_path: str, query: dict[str, str], body: Any) -> Asked:
    path = raw_path.removeprefix(_BASES[api])
    version, _, rest = path.partition("/")
    if version[:1] == "v" and version[1:2].isdigit():
        path, query = rest, {**query, "_version": version}
    parts = path.split("/")
    if parts[:1] == ["projects"] and (parts[1:2] == [NUMBER] or (parts[1:2] == ["-"] and api == "iam")):
        parts[1] = PROJECT
    return Asked(api, method, "/".join(parts), query, body)


@contextmanager
def google_api() -> Iterator[GoogleApi]:
    """The stand-in, on a port of its own."""
    api, lock = GoogleApi(), threading.Lock()

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            address = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            name, _, path = unquote(address.path).lstrip("/").partition("/")
            if name == "upload":
                with lock:
                    api.uploaded.append(raw)
                return self._answer(200, {})
            query = {key: values[-1] for key, values in parse_qs(address.query).items()}
            asked = _asked(name, self.command, path, query, json.loads(raw) if raw else None)
            try:
                with lock:
                    answer = api.answer(asked)
            except _Refused as refused:
                return self._answer(refused.status, refused.answer)
            return self._answer(200, answer)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        def _answer(self, status: int, answer: Any) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with http_server(Handler) as address, api._open:
        api.url = f"{address}/"
        yield api
