"""Logging in at an OpenID provider, a small one of our own over real HTTP: who may come in, with which role, and what a wrong answer of it leads to."""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc import jwk, jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from services.console.web.attempts import FREE
from services.console.web.server import listen, server_of
from tests.unit.console.site import Browser, Site, browser, site, text_of


class Provider:
    """An OpenID provider; `claims` are what it says of whoever comes."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {"sub": "7", "preferred_username": "zhou", "groups": ["staff", "medaid-operator"]}
        self.key = self.told_key = jwk.RSAKey.generate_key(2048, {"kid": "k"})
        self.asked: dict[str, dict[str, str]] = {}
        self.address = ""
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.about),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
                Route("/keys", self.keys),
            ]
        )

    async def about(self, _: Request) -> Response:
        here = self.address
        return JSONResponse(
            {
                "issuer": here,
                "authorization_endpoint": f"{here}/authorize",
                "token_endpoint": f"{here}/token",
                "jwks_uri": f"{here}/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def authorize(self, request: Request) -> Response:
        code = secrets.token_urlsafe(8)
        self.asked[code] = dict(request.query_params)
        return RedirectResponse(f"{request.query_params['redirect_uri']}?code={code}&state={request.query_params['state']}")

    async def token(self, request: Request) -> Response:
        form = await request.form()
        asked = self.asked.pop(str(form["code"]))
        assert form.get("code_verifier"), "PKCE"
        now = int(time.time())
        claims = {"iss": self.address, "aud": asked["client_id"], "iat": now, "exp": now + 60, "nonce": asked["nonce"], **self.claims}
        token = jwt.encode({"alg": "RS256", "kid": "k"}, claims, self.key)
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": token})

    async def keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [self.told_key.as_dict(private=False)]})


@contextmanager
def served(provider: Provider) -> Iterator[None]:
    """The provider on a free port of this machine."""
    listening = listen("127.0.0.1", 0)
    provider.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = server_of(provider.app)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider at work."""
    made = Provider()
    with served(made):
        yield made


@pytest.fixture
def place(provider: Provider, users_folder: Path) -> Iterator[Site]:
    """A site that trusts it."""
    told = {"console_url": "http://testserver", "console_oidc_issuer": provider.address, "console_oidc_client": "medaid"}
    with site(users_folder, **told) as made:
        yield made


def come_back(somebody: Browser) -> str:
    """Go to the provider; the address to which it sends back."""
    away = somebody.client.get("/login/oidc", follow_redirects=False).headers["location"]
    return httpx2.get(away).headers["location"].removeprefix("http://testserver")


def test_whoever_the_provider_knows_comes_in_with_the_roles_of_his_groups(place: Site) -> None:
    with browser(place) as somebody:
        assert "统一身份" in somebody.get("/login")
        somebody.get("/health")
        assert "死信" in text_of(somebody.get(come_back(somebody))), "where he wanted to go"
        assert "zhou (经办)" in text_of(somebody.get("/warnings"))
        somebody.get("/audit", 403)
    logged_in = {"verb": "logged_in", "operator": "oidc:zhou", "client": "10.1.2.3", "way": "oidc", "roles": ["operator"]}
    assert place.audited()[0] == logged_in


def test_a_name_at_the_provider_is_not_that_of_a_user_of_the_file(place: Site, provider: Provider) -> None:
    """The way in is part of who somebody is, in the audit and in what he does."""
    provider.claims["preferred_username"] = "li"
    with browser(place) as somebody, browser(place) as local:
        somebody.get(come_back(somebody))
        local.log_in("li")
    assert [event["operator"] for event in place.audited()] == ["oidc:li", "local:li"]


def test_a_name_in_which_something_is_not_seen_does_not_come_in(place: Site, provider: Provider) -> None:
    provider.claims["preferred_username"] = "zhou\u202e"
    with browser(place) as somebody:
        somebody.get(come_back(somebody), 403)
    assert place.audited()[0]["operator"] == "oidc:zhou\\u202e"


def test_whoever_has_no_group_of_ours_does_not_come_in_and_that_is_told(place: Site, provider: Provider) -> None:
    provider.claims["groups"] = "staff"
    with browser(place) as somebody:
        somebody.get(come_back(somebody), 403)
        assert somebody.client.get("/warnings", follow_redirects=False).status_code == 303
    assert place.audited() == [{"verb": "refused", "operator": "oidc:zhou", "client": "10.1.2.3", "asked": "login"}]


@pytest.mark.parametrize("wrong", [{"aud": "another"}, {"iss": "https://evil.example"}, {"exp": 1}, {"nonce": "another"}], ids=str)
def test_a_token_that_is_not_for_us_lets_nobody_in(place: Site, provider: Provider, wrong: dict[str, Any]) -> None:
    provider.claims |= wrong
    with browser(place) as somebody:
        somebody.get(come_back(somebody), 403)
        assert somebody.client.get("/warnings", follow_redirects=False).status_code == 303
    assert [(event["verb"], event["asked"]) for event in place.audited()] == [("refused", "login")]


def test_a_token_of_another_key_lets_nobody_in(place: Site, provider: Provider) -> None:
    provider.told_key = jwk.RSAKey.generate_key(2048, {"kid": "k"})
    with browser(place) as somebody:
        somebody.get(come_back(somebody), 403)


def test_an_answer_that_nobody_asked_for_lets_nobody_in(place: Site) -> None:
    with browser(place) as victim, browser(place) as attacker:
        victim.get("/login")
        victim.get(come_back(attacker), 403)


def test_strangers_who_come_back_from_nowhere_fill_no_audit(place: Site) -> None:
    with browser(place) as somebody:
        for _ in range(3):
            somebody.get("/login/oidc/back?code=x&state=y", 403)
    assert place.audited() == []


def test_answers_that_were_wrong_too_often_are_told_no_more_and_keep_nobody_out(place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each after a login that was begun; whoever may come in comes in from there, too."""
    monkeypatch.setattr("services.console.web.login.monotonic", lambda: 1_000.0)
    with browser(place) as somebody:
        somebody.get(come_back(somebody))
        somebody.client.cookies.clear()
        for _ in range(FREE + 2):
            come_back(somebody)
            somebody.get("/login/oidc/back?code=x&state=y", 403)
        somebody.get(come_back(somebody))
    assert [event["verb"] for event in place.audited()] == ["logged_in", *["refused"] * FREE, "logged_in"]


def test_logins_that_were_begun_and_left_do_not_fill_the_cookie(place: Site) -> None:
    with browser(place) as somebody:
        sizes = set()
        for _ in range(5):
            come_back(somebody)
            sizes.add(len(somebody.client.cookies["medaid-session"]))
        assert max(sizes) - min(sizes) < 20
        assert "死信" not in text_of(somebody.get(come_back(somebody))), "and the last one still counts"
        somebody.get("/health")


def test_a_provider_that_is_away_is_told(users_folder: Path) -> None:
    told = {"console_url": "http://testserver", "console_oidc_issuer": "http://127.0.0.1:1", "console_oidc_client": "medaid"}
    with site(users_folder, **told) as made, browser(made) as somebody:
        somebody.get("/login/oidc", 503)


def test_without_a_provider_there_is_no_such_way(users_folder: Path) -> None:
    with site(users_folder) as made, browser(made) as somebody:
        somebody.get("/login/oidc", 404)
        somebody.get("/login/oidc/back?code=x&state=y", 404)
