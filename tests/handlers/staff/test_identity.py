"""Whom Identity-Aware Proxy vouches for is at the staff's desk, and nobody else: 403, and nothing is read."""

import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from handlers.staff import staff
from handlers.staff.identity import HEADER, by_signed_header
from rollcall.desk.desk import Desk
from rollcall.iap import ASK_AGAIN_AFTER, KEPT_FOR, SKEW, TRY_AGAIN_AFTER, PublishedKeys, SignedHeader
from tests.support.desk import EVENT
from tests.support.iap import AUDIENCE, Key, Published, in_base64, published, signed_part
from tests.support.in_process import ask
from tests.support.served import Answer

KEY, NEW, STRANGE = Key("current"), Key("new"), Key("current")
"""`STRANGE` has the id of a key that is not its own."""
MEMBER = EVENT.secretariat
NOW = {"iss": "https://cloud.google.com/iap", "aud": AUDIENCE, "email": MEMBER, "iat": 0, "exp": 1 << 40}


class Untouched:
    """Whoever reads anything here fails."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the store was asked: {name}")


@dataclass
class Behind:
    """The staff's desk behind Identity-Aware Proxy, `passed` seconds after its start."""

    desk: Desk
    keys: Published
    passed: float = 0.0

    def __post_init__(self) -> None:
        found = PublishedKeys(lambda: self.passed, self.keys.address)
        self.identify = by_signed_header(SignedHeader(AUDIENCE, found).address)

    def ask(self, header: str | None, desk: Desk | None = None, method: str = "GET", body: bytes = b"") -> Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded"} | ({HEADER: header} if header else {})
        path = f"/staff/{EVENT.slug}/log"
        return ask(lambda request: staff(desk or self.desk, self.identify, request), method, path, body, headers)


@pytest.fixture(scope="module")
def google() -> Iterator[Published]:
    with published(KEY) as server:
        yield server


@pytest.fixture
def behind(desk: Desk, google: Published) -> Behind:
    google.keys, google.status, google.body, google.asked = [KEY], 200, None, 0
    return Behind(desk, google)


def signed_with(secret: bytes, algorithm: str) -> str:
    signed = signed_part({"alg": algorithm, "typ": "JWT", "kid": KEY.id}, NOW)
    return f"{signed}.{in_base64(hmac.digest(secret, signed.encode(), 'sha256'))}"


def cut_and_put_together() -> str:
    """A signature of another's header."""
    theirs, ours = KEY.header("stranger@example.org"), KEY.header(MEMBER)
    return f"{ours.rpartition('.')[0]}.{theirs.rpartition('.')[2]}"


def now() -> int:
    return int(time.time())


def test_whoever_is_vouched_for_is_let_in(behind: Behind) -> None:
    answer = behind.ask(KEY.header(MEMBER.upper()))
    assert answer.status == 200
    assert behind.ask(KEY.header(MEMBER)).status == 200
    assert behind.keys.asked == 1


REFUSED = {
    "no header": lambda: None,
    "no token": lambda: "x",
    "empty parts": lambda: "..",
    "no JSON": lambda: f"{in_base64(b'alg')}.{in_base64(b'x')}.{in_base64(b'y')}",
    "no text": lambda: f"{in_base64(bytes([255, 254]))}.e30.e30",
    "brackets without end": lambda: f"{in_base64(b'[' * 4000)}.e30.e30",
    "signed by another key": lambda: STRANGE.header(MEMBER),
    "signed by a key nobody knows": lambda: Key("unknown").header(MEMBER),
    "no key named": lambda: KEY.header(MEMBER, head={"kid": None}),
    "a key that is no name": lambda: KEY.header(MEMBER, head={"kid": ["current"]}),
    "not signed": lambda: f"{signed_part({'alg': 'none', 'kid': KEY.id}, NOW)}.",
    "not signed, said otherwise": lambda: f"{signed_part({'alg': 'ES256', 'kid': KEY.id}, NOW)}.",
    "signed with the public key as a secret": lambda: signed_with(KEY.public.encode(), "HS256"),
    "the same, said otherwise": lambda: signed_with(KEY.public.encode(), "ES256"),
    "said to be RSA": lambda: KEY.header(MEMBER, head={"alg": "RS256"}),
    "another's signature": cut_and_put_together,
    "for another service": lambda: KEY.header(MEMBER, aud=AUDIENCE.replace("staff", "register")),
    "for no service": lambda: KEY.header(MEMBER, aud=None),
    "for several services": lambda: KEY.header(MEMBER, aud=[AUDIENCE]),
    "by another issuer": lambda: KEY.header(MEMBER, iss="https://accounts.google.com"),
    "by no issuer": lambda: KEY.header(MEMBER, iss=None),
    "expired": lambda: KEY.header(MEMBER, iat=now() - 700, exp=now() - SKEW - 2),
    "never expiring": lambda: KEY.header(MEMBER, exp=None),
    "valid for a day": lambda: KEY.header(MEMBER, exp=now() + 86_400),
    "from the future": lambda: KEY.header(MEMBER, iat=now() + SKEW + 60, exp=now() + 600),
    "times that are no numbers": lambda: KEY.header(MEMBER, iat="now", exp="later"),
    "without an address": lambda: KEY.header(None, sub="sts.google.com:AbCd"),
    "an address that is no text": lambda: KEY.header([MEMBER]),
    "a stranger": lambda: KEY.header("stranger@example.org"),
    "an address that contains it": lambda: KEY.header(f"x{MEMBER}"),
}


@pytest.mark.parametrize("header", REFUSED.values(), ids=REFUSED)
def test_everybody_else_is_refused_and_nothing_is_read(behind: Behind, header: Any) -> None:
    untouched = replace(behind.desk, store=Untouched(), intakes=Untouched())  # type: ignore[arg-type]
    for method, body in (("GET", b""), ("POST", b"_button=x")):
        answer = behind.ask(header(), untouched, method, body)
        assert answer.status == 403
        assert "This page is for the staff" in answer.text
        assert EVENT.title not in answer.text


def test_a_clock_that_differs_by_seconds_is_no_fault(behind: Behind) -> None:
    assert behind.ask(KEY.header(MEMBER, iat=now() + SKEW - 5)).status == 200
    assert behind.ask(KEY.header(MEMBER, iat=now() - 600, exp=now() - SKEW + 5)).status == 200


def test_whoever_left_the_event_is_out_though_still_signed_in(behind: Behind) -> None:
    header = KEY.header(MEMBER)
    assert behind.ask(header).status == 200
    others = replace(EVENT, staff=(replace(EVENT.staff[0], address="other@example.org"),))
    assert behind.ask(header, replace(behind.desk, events={EVENT.slug: others})).status == 403


def test_what_is_refused_is_logged_without_what_was_sent(behind: Behind, capsys: pytest.CaptureFixture[str]) -> None:
    behind.ask(KEY.header("somebody@example.org", aud="/another"))
    said = capsys.readouterr().out
    assert json.loads(said) == {
        "severity": "WARNING",
        "message": "staff not identified",
        "why": "not signed for us, or not now",
    }


def test_keys_are_read_again_once_they_are_old(behind: Behind) -> None:
    assert behind.ask(KEY.header(MEMBER)).status == 200
    behind.keys.keys = [NEW]
    behind.passed = KEPT_FOR - 1
    assert behind.ask(KEY.header(MEMBER)).status == 200  # Google takes a key back slowly
    behind.passed = KEPT_FOR
    assert behind.ask(KEY.header(MEMBER)).status == 403
    assert behind.keys.asked == 2


def test_a_new_key_is_asked_for_but_not_for_each_that_somebody_invents(behind: Behind) -> None:
    assert behind.ask(KEY.header(MEMBER)).status == 200
    behind.keys.keys = [KEY, NEW]
    behind.passed = ASK_AGAIN_AFTER
    assert behind.ask(NEW.header(MEMBER)).status == 200
    for number in range(9):
        assert behind.ask(Key(f"made-up-{number}").header(MEMBER)).status == 403
    assert behind.keys.asked == 2


@pytest.mark.parametrize(("status", "body"), [(500, ""), (302, ""), (200, "<html>"), (200, "[]")])
def test_without_the_keys_nobody_is_let_in_and_all_may_try_again(behind: Behind, status: int, body: str) -> None:
    behind.keys.status, behind.keys.body = status, body
    for _ in range(3):
        answer = behind.ask(KEY.header(MEMBER))
        assert (answer.status, EVENT.title in answer.text) == (503, False)
    assert behind.keys.asked == 1
    behind.keys.status, behind.keys.body = 200, None
    behind.passed = TRY_AGAIN_AFTER
    assert behind.ask(KEY.header(MEMBER)).status == 200


def test_only_the_algorithm_of_the_proxy_is_believed(behind: Behind) -> None:
    """Though the key were published: the library takes RSA's too."""
    key = rsa.generate_private_key(65537, 2048)
    as_pem = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    behind.keys.body = json.dumps({"rsa": key.public_key().public_bytes(*as_pem).decode()})
    signed = signed_part({"alg": "RS256", "kid": "rsa"}, {**NOW, "iat": now(), "exp": now() + 600})
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    assert behind.ask(f"{signed}.{in_base64(signature)}").status == 403
