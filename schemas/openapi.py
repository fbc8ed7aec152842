"""The form as an OpenAPI 3.1 document, for whoever registers from a program; derived from the schemas by apispec."""

import json
from functools import lru_cache
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow.fields import Field

from rollcall.model.event import Event
from schemas.form import schema_for
from schemas.kinds import Answer

_REFERENCE = "^[0-9A-HJKMNP-TV-Z]{3}-[0-9A-HJKMNP-TV-Z]{3}-[0-9A-HJKMNP-TV-Z]{3}$"

_JSON, _PROBLEM_JSON, _PAGE = "application/json", "application/problem+json", "text/html"
_LANGUAGE = "In which the person is answered, and gets all e-mails."
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_PROBLEMS = {
    400: "Not readable. Nothing was registered.",
    403: "The intake is not yet open.",
    404: "There is no such event.",
    405: "Another method.",
    408: "The body did not arrive within ten seconds. Nothing was registered.",
    409: "The same person is registered with other answers; nothing was changed.",
    410: "The intake is closed; or the form came after the deadline and is kept, with a `reference`.",
    413: "Over 64 kB, or too many fields. Nothing was registered.",
    415: "Another type or encoding, or not UTF-8. Nothing was registered.",
    422: "Faults in the form: `errors` has sentences by field name. Or the key came with another form.",
    503: "The database is unavailable; retry after `Retry-After` seconds. Sending twice is safe.",
}
_HEADERS = {405: "Allow", 415: "Accept", 503: "Retry-After"}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A quoted string of your choice (draft-ietf-httpapi-idempotency-key-header): new for each form, and "
    "the same for each retry of it.",
    "schema": {"type": "string", "pattern": r'^"[ !#-\[\]-~]{1,255}"$'},
}
_ACCEPT_LANGUAGE = {
    "name": "Accept-Language",
    "in": "header",
    "required": False,
    "description": "The person's language, where neither the body nor the address names one (RFC 9110, 12.5.4).",
    "schema": {"type": "string"},
}
_ACCEPTED = {
    "type": "object",
    "properties": {
        "status": {"type": "string", "enum": ["accepted", "duplicate"]},
        "event": {"type": "string"},
        "reference": {"type": "string", "pattern": _REFERENCE, "description": "What the person quotes."},
    },
    "required": ["status", "event", "reference"],
}
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "reference": {"type": "string", "pattern": _REFERENCE},
        "opens_at": {"type": "string", "format": "date-time"},
        "closes_at": {"type": "string", "format": "date-time"},
    },
    "required": ["type", "title", "status", "detail"],
}


@lru_cache(maxsize=1)
def openapi_json(events: tuple[Event, ...]) -> str:
    """The document for these events, made once a process."""
    plugin = MarshmallowPlugin()
    spec = APISpec(
        title="Rollcall",
        version="1",
        openapi_version="3.1.0",
        info={"description": "A registration desk for workshops: register from a program."},
        plugins=[plugin],
    )
    converter: Any = plugin.converter
    converter.add_attribute_function(_described)
    spec.components.schema("Accepted", _ACCEPTED).schema("Problem", _PROBLEM)
    for event in events:
        form = converter.schema2jsonschema(schema_for(event))
        spec.components.schema(_form_name(event), form)
        if _is_in_several_languages(event):
            with_language = form["properties"] | {"language": {"enum": list(event.languages), "description": _LANGUAGE}}
            spec.components.schema(f"{_form_name(event)}-JSON", form | {"properties": with_language})
        spec.path(f"/register/{event.slug}", operations=_operations(event))
    return json.dumps(spec.to_dict())


def _described(_converter: object, field: Field[Any], **_: object) -> dict[str, object]:
    """What JSON Schema can say of a field beyond its type. Not that a text must not look blank, that its length counts
    once composed (NFC), that letters look lost, that a name is a web address, on which days a form can be signed,
    or which answers others ask for."""
    described: dict[str, object] = {"title": field.metadata["label"]}
    if not isinstance(field, Answer):
        return described
    depends = field.field.only_if or field.field.required_if
    if about := [field.field.help] * bool(field.field.help) + [f"({field.hint})"] * bool(depends):
        described["description"] = " ".join(about)
    return described | field.described()


def _form_name(event: Event) -> str:
    return f"Form-{event.slug}"


def _is_in_several_languages(event: Event) -> bool:
    return len(event.languages) > 1 and not event.field("language")


def _operations(event: Event) -> dict[str, Any]:
    form = {"schema": {"$ref": f"#/components/schemas/{_form_name(event)}"}}
    as_json = f"{form['schema']['$ref']}-JSON" if _is_in_several_languages(event) else form["schema"]["$ref"]
    return {
        "get": {
            "operationId": f"see-{event.slug}",
            "summary": f"The form's page: {event.title}",
            "parameters": [_ACCEPT_LANGUAGE],
            "responses": {
                200: _page("The form, or that the intake is closed."),
                **_problems(400, 404, 405, 408, 413, 503),
            },
        },
        "post": {
            "operationId": f"register-{event.slug}",
            "summary": f"Register for {event.title}",
            "parameters": [_IDEMPOTENCY_KEY, _ACCEPT_LANGUAGE],
            "requestBody": {
                "required": True,
                "content": {_JSON: {"schema": {"$ref": as_json}}, **dict.fromkeys(_FORMS, form)},
            },
            "responses": {
                200: _accepted("The same form was registered before."),
                201: _accepted("Registered; a confirmation goes out by e-mail."),
                202: _page("The page's own form: quarantined as perhaps a robot's; sending it again registers."),
                303: _page("The page's own form: the next page, in place of 200 and 201.") | _headers("Location"),
                **_problems(*_PROBLEMS),
            },
        },
    }


def _page(description: str) -> dict[str, Any]:
    return {"description": description, "content": {_PAGE: {}}}


def _accepted(description: str) -> dict[str, Any]:
    return {"description": description, "content": {_JSON: {"schema": {"$ref": "#/components/schemas/Accepted"}}}}


def _problems(*statuses: int) -> dict[int, Any]:
    """Problem details for programs, a page for people."""
    content = {_PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}, _PAGE: {}}
    return {
        status: {"description": _PROBLEMS[status], "content": content, **_headers(_HEADERS.get(status))}
        for status in statuses
    }


def _headers(name: str | None) -> dict[str, Any]:
    return {"headers": {name: {"schema": {"type": "string"}}}} if name else {}
