"""What a viewer, operator, auditor, planner and stranger may not do is refused by the server, and told on the audit; every address is in the table."""

from urllib.parse import urlencode

import pytest
from starlette.routing import Mount, Route

from schemas.catalogue import ACTIONS, CLAIMS
from tests.unit.console.site import Browser, Site
from tests.unit.console.story import CLAIM, DUPLICATE, HOSPITAL, KEY, PERSON, REGION

ALL = {"viewer", "operator", "auditor"}
OPERATOR, AUDITOR, PLANNER = {"operator"}, {"auditor"}, {"planner"}
SUMS = ALL | PLANNER

PAGES: dict[tuple[str, str], set[str]] = {
    ("GET", "/"): SUMS,
    ("GET", "/warnings"): ALL,
    ("GET", "/warnings/{warning}"): ALL,
    ("POST", "/warnings/{warning}"): OPERATOR,
    ("POST", "/warnings/{warning}/unmask"): OPERATOR,
    ("POST", "/persons"): OPERATOR,
    ("GET", "/persons/{person}"): ALL,
    ("POST", "/persons/{person}/unmask"): OPERATOR,
    ("POST", "/persons/{person}/mask"): ALL,
    ("GET", "/persons/{person}/claims/{claim}"): OPERATOR,
    ("GET", "/cities"): SUMS,
    ("GET", "/cities/{region}"): SUMS,
    ("GET", "/cities/{region}/policy"): SUMS,
    ("GET", "/reforms"): PLANNER,
    ("GET", "/reforms/{region}"): PLANNER,
    ("POST", "/reforms/{region}"): PLANNER,
    ("POST", "/reforms/{region}/cancel"): PLANNER,
    ("GET", "/health"): ALL,
    ("POST", "/health/verify"): OPERATOR | AUDITOR,
    ("GET", "/letters"): ALL,
    ("GET", "/letters/{letter}"): ALL,
    ("POST", "/letters/{letter}/unmask"): OPERATOR,
    ("POST", "/letters/{letter}/replay"): OPERATOR,
    ("GET", "/audit"): AUDITOR,
}
"""Who may do what; a stranger nothing of it."""

OPEN = {"/live", "/login", "/login/oidc", "/login/oidc/back", "/logout"}
"""Looked at elsewhere: the stream of news, and the ways in and out."""

DEEDS = {
    "POST /warnings/{warning}": "act",
    "POST /persons": "find",
    "POST /health/verify": "verify",
    "GET /audit": "audit",
    "POST /reforms/{region}": "plan",
}
RATIO = f"hospital_self_pay_ratio/{REGION}/{HOSPITAL}/2025"


def address(place: Site, path: str) -> str:
    """An address of the route, of things that are there."""
    names = {
        "{warning}": place.token("warning", RATIO if path.endswith("/unmask") else DUPLICATE),
        "{person}": place.token("person", PERSON),
        "{claim}": place.token("claim", KEY),
        "{region}": REGION,
        "{letter}": place.letter(0),
    }
    for name, value in names.items():
        path = path.replace(name, value)
    return path + ("?topic=hospital.claims.v1&reason=invalid_amounts" if path == "/letters" else "")


def ask(somebody: Browser, place: Site, method: str, path: str) -> int:
    """The status of the answer, redirects not followed. The form of a warning closes it, that of a person looks him up, that of a policy rounds down."""
    form = {
        "verb": "acknowledge",
        "episode": "1",
        "person_id": PERSON,
        "payload": "{}",
        "reading:rounding": "down",
        "csrf": somebody.csrf(),
    }
    data = form if method == "POST" else None
    return somebody.client.request(method, address(place, path), data=data, follow_redirects=False).status_code


def test_every_address_is_in_the_table(place: Site) -> None:
    routes = {
        (method, route.path)
        for route in place.app.routes
        if isinstance(route, Route) and route.path not in OPEN
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert routes == set(PAGES)
    assert [route.path for route in place.app.routes if isinstance(route, Mount)] == ["/static"]


@pytest.mark.parametrize(("method", "path"), PAGES)
def test_a_stranger_is_sent_to_log_in_and_what_he_sends_is_refused(place: Site, stranger: Browser, method: str, path: str) -> None:
    answer = stranger.client.request(method, address(place, path), data={"csrf": "x"} if method == "POST" else None, follow_redirects=False)
    if path == "/":
        assert answer.headers["location"] == "/warnings"
    elif method == "GET":
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    else:
        assert answer.status_code == 401
    assert PERSON not in answer.text
    assert place.embedded.kafka.records(ACTIONS) == []


@pytest.mark.parametrize("role", sorted(SUMS))
def test_a_role_may_do_what_the_table_says_and_nothing_else(place: Site, people: dict[str, Browser], role: str) -> None:
    for (method, path), roles in PAGES.items():
        before = len(place.audited())
        status = ask(people[role], place, method, path)
        told = place.audited()[before:]
        if role in roles:
            assert status in (200, 303), (method, path, status)
        else:
            assert status == 403, (method, path, status)
            assert [(event["verb"], event["client"]) for event in told] == [("refused", "10.1.2.3")], (method, path)
            deed = DEEDS.get(f"{method} {path}")
            assert deed in (None, told[0]["asked"])


@pytest.mark.parametrize("role", ["viewer", "auditor", "planner"])
def test_who_may_not_act_has_changed_nothing(place: Site, people: dict[str, Browser], role: str) -> None:
    for method, path in PAGES:
        ask(people[role], place, method, path)
    assert place.embedded.kafka.records(ACTIONS) == []
    assert len(place.embedded.kafka.records(CLAIMS)) == 4, "the claims of the story, and no other"
    assert not [event for event in place.audited() if event["verb"] in ("unmasked", "replayed", "looked_up")]


@pytest.mark.parametrize("path", [path for method, path in PAGES if method == "POST"])
@pytest.mark.parametrize("token", ["", "forged"])
def test_a_form_from_elsewhere_is_refused(place: Site, operator: Browser, path: str, token: str) -> None:
    form = {"verb": "close", "episode": "1", "person_id": PERSON, "payload": "{}", **({"csrf": token} if token else {})}
    assert operator.client.post(address(place, path), data=form, follow_redirects=False).status_code == 403
    assert place.embedded.kafka.records(ACTIONS) == []
    assert [event["verb"] for event in place.audited()] == ["logged_in"]


@pytest.mark.parametrize("token", ["é", "令牌", "\ud800"])
def test_a_token_of_other_letters_is_a_forged_one(operator: Browser, stranger: Browser, token: str) -> None:
    """And no mistake of ours, told without the security headers."""
    sent = urlencode({"csrf": token}, errors="surrogatepass").encode()
    form = {"content-type": "application/x-www-form-urlencoded"}
    for somebody, path in ((operator, "/persons"), (operator, "/logout"), (stranger, "/login")):
        somebody.get("/login")
        answer = somebody.client.post(path, content=sent, headers=form)
        assert (answer.status_code, "Content-Security-Policy" in answer.headers) == (403, True)


@pytest.mark.parametrize("path", ["/persons/x", "/warnings/x", "/letters/x", "/persons/x/claims/y", "/cities/atlantis", "/nowhere"])
def test_an_address_of_nothing_is_not_found(operator: Browser, path: str) -> None:
    operator.get(path, 404)


def test_a_token_of_another_kind_opens_nothing(place: Site, operator: Browser) -> None:
    operator.get(f"/persons/{place.token('warning', PERSON)}", 404)
    operator.get(f"/persons/{place.token('claim', CLAIM)}", 404)


def test_the_stream_of_news_is_for_those_who_may_look(stranger: Browser) -> None:
    assert stranger.client.get("/live", follow_redirects=False).status_code == 401
