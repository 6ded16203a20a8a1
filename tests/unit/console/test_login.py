"""Who is let in, and for how long: the site's own file, a trusted proxy; cookies, headers."""

import asyncio
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson
import pytest
from httpx2 import ASGITransport, AsyncClient
from itsdangerous import TimestampSigner
from starlette.testclient import TestClient

from services.console.adapters.register import MemoryRegister
from services.console.web.attempts import FREE
from services.console.web.login import HASHES_AT_ONCE, WAITING_MAX
from services.console.web.users import UsersError, entry, read_users
from services.runtime.errors import Doubt
from tests.unit.console.site import PASSWORD, Browser, Site, browser, site, text_of

PROXY = {"console_proxies": "10.1.2.0/24", "console_proxy_user": "X-Forwarded-User"}
NAMED = {"X-Forwarded-User": "wang", "X-Forwarded-Groups": "staff, medaid-operator", "X-Forwarded-For": "172.16.0.9"}


@pytest.fixture
def behind_a_proxy(users_folder: Path) -> Iterator[Site]:
    """A site that trusts 10.1.2.3."""
    with site(users_folder, **PROXY) as made:
        yield made


def test_a_login_is_told_and_leads_to_what_was_wanted(place: Site, stranger: Browser) -> None:
    assert "用户名" in text_of(stranger.get("/health"))
    page = stranger.send("/login", name="li", password=PASSWORD)
    assert "死信" in text_of(page), "the page of health"
    assert place.audited() == [{"verb": "logged_in", "operator": "local:li", "client": "10.1.2.3", "way": "local", "roles": ["operator"]}]


@pytest.mark.parametrize(("name", "password", "told"), [("li", "wrong", "li"), ("nobody", PASSWORD, None), ("li", "", "li")])
def test_a_wrong_password_or_name_is_refused_alike_and_told(
    place: Site, stranger: Browser, name: str, password: str, told: str | None
) -> None:
    page = stranger.send("/login", 403, name=name, password=password)
    assert "用户名或密码不对" in page
    refused = {"verb": "refused", "asked": "login", "client": "10.1.2.3", **({"operator": f"local:{told}"} if told else {})}
    assert place.audited() == [refused], "a name that nobody has is not written down: it may be a password"
    assert stranger.client.get("/warnings", follow_redirects=False).status_code == 303


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of wrong passwords: it stands still until it is moved."""
    now_s = [1_000.0]
    monkeypatch.setattr("services.console.web.login.monotonic", lambda: now_s[0])
    return now_s


def test_too_many_tries_are_not_looked_at_and_a_little_later_again(stranger: Browser, clock: list[float]) -> None:
    for _ in range(FREE):
        stranger.send("/login", 403, name="li", password="wrong")
    assert "请 1 秒后再试" in stranger.send("/login", 429, name="li", password=PASSWORD)
    answer = stranger.client.post("/login", data={"csrf": stranger.csrf(), "name": "li", "password": PASSWORD})
    assert answer.headers["Retry-After"] == "1"
    clock[0] += 1
    stranger.log_in("li")


def test_a_stranger_elsewhere_keeps_nobody_out(place: Site, stranger: Browser, clock: list[float]) -> None:
    """A mutant that counts by name alone locks the operator out."""
    with TestClient(place.app, base_url="http://testserver", client=("6.6.6.6", 1)) as far_away:
        for _ in range(FREE):
            Browser(far_away).send("/login", 403, name="li", password="wrong")
        Browser(far_away).send("/login", 429, name="li", password="wrong")
    stranger.log_in("li")


def test_who_forgets_his_password_keeps_nobody_out_at_the_same_address(place: Site, stranger: Browser, clock: list[float]) -> None:
    """A mutant that counts by address alone locks a whole office out."""
    for _ in range(FREE):
        stranger.send("/login", 403, name="li", password="wrong")
    stranger.send("/login", 429, name="li", password="wrong")
    with browser(place) as colleague:
        colleague.log_in("sun")


@pytest.mark.parametrize("token", ["", "forged"])
def test_the_form_to_log_in_must_be_ours(place: Site, stranger: Browser, token: str) -> None:
    """Else another site logs a browser in under a name of its choice: the right password does not help it."""
    stranger.get("/login")
    form = {"name": "li", "password": PASSWORD, **({"csrf": token} if token else {})}
    assert stranger.client.post("/login", data=form).status_code == 403
    assert stranger.client.get("/warnings", follow_redirects=False).status_code == 303
    assert place.audited() == []


@pytest.mark.parametrize("wanted", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", ""])
def test_a_login_leads_to_no_other_site(place: Site, stranger: Browser, wanted: str) -> None:
    """Whatever a session says: this one is signed by us, as one of an older version might be."""
    session = b64encode(orjson.dumps({"csrf": "c", "next": wanted}))
    stranger.client.cookies["medaid-session"] = TimestampSigner(place.room.masks.session_key).sign(session).decode()
    form = {"csrf": "c", "name": "li", "password": PASSWORD}
    answer = stranger.client.post("/login", data=form, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def sent_together(place: Site, names: Sequence[str]) -> Counter[int]:
    """Wrong passwords for so many names, all at once from one browser; how often each status was the answer."""
    async with AsyncClient(transport=ASGITransport(place.app, client=("10.1.2.3", 1)), base_url="http://testserver") as client:
        csrf = re.findall(r'name="csrf" value="([^"]+)"', (await client.get("/login")).text)[0]
        sending = [client.post("/login", data={"csrf": csrf, "name": name, "password": "wrong"}) for name in names]
        return Counter(answer.status_code for answer in await asyncio.gather(*sending))


def looking(place: Site, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every name whose password is looked at from now on."""
    looked: list[str] = []
    users = place.room.sessions.users
    assert users is not None
    known = users.known
    monkeypatch.setattr(users, "known", lambda name, password: looked.append(name) or known(name, password))
    return looked


def test_many_tries_at_once_are_no_more_than_one_after_the_other(place: Site, clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    looked = looking(place, monkeypatch)
    assert asyncio.run(sent_together(place, ["li"] * 20)) == {403: FREE, 429: 20 - FREE}
    assert looked == ["li"] * FREE


def test_who_would_have_to_wait_for_too_many_others_is_sent_away(place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a thousand addresses it could be a thousand names: here the number of tries does not count."""
    monkeypatch.setattr("services.console.web.attempts.FREE_AT_LARGE", 1_000)
    looked = looking(place, monkeypatch)
    room = HASHES_AT_ONCE + WAITING_MAX
    assert asyncio.run(sent_together(place, [f"n{number}" for number in range(60)])) == {403: room, 429: 60 - room}
    assert len(looked) == room
    assert asyncio.run(sent_together(place, ["later"])) == {403: 1}


def test_right_passwords_are_no_tries(stranger: Browser) -> None:
    for _ in range(2 * FREE):
        stranger.log_in("li")


def test_a_session_ends_when_it_is_not_used(place: Site, operator: Browser) -> None:
    place.clock[0] += 29 * 60
    operator.get("/warnings")
    place.clock[0] += 29 * 60
    operator.get("/warnings")
    place.clock[0] += 31 * 60
    assert operator.client.get("/warnings", follow_redirects=False).headers["location"] == "/login"


def test_an_open_page_that_asks_by_itself_does_not_keep_it_alive(place: Site, operator: Browser) -> None:
    for _ in range(4):
        place.clock[0] += 10 * 60
        status = operator.client.get("/warnings", headers={"X-Medaid-Fragment": "warnings"}, follow_redirects=False).status_code
    assert status == 401
    operator.get("/login")


def test_a_session_ends_however_much_it_is_used(place: Site, operator: Browser) -> None:
    for _ in range(10 * 60 // 20):
        place.clock[0] += 20 * 60
        operator.get("/cities/suzhou")
    place.clock[0] += 20 * 60
    assert operator.client.get("/cities/suzhou", follow_redirects=False).headers["location"] == "/login"


def test_whoever_logs_out_is_out(operator: Browser) -> None:
    operator.client.post("/logout", data={"csrf": "forged"})
    operator.get("/audit", 403)
    operator.send("/logout")
    assert operator.client.get("/warnings", follow_redirects=False).headers["location"] == "/login"


def test_a_copied_cookie_does_not_outlive_the_log_out(place: Site, operator: Browser) -> None:
    with browser(place, cookies=dict(operator.client.cookies)) as thief:
        thief.get("/warnings")
        operator.send("/logout")
        assert thief.client.get("/warnings", follow_redirects=False).headers["location"] == "/login"
        assert thief.client.get("/live").status_code == 401
    out = {"verb": "logged_out", "operator": "local:li", "client": "10.1.2.3", "way": "local"}
    assert place.audited()[-1] == out


def test_a_session_is_over_in_every_process_and_new_ones_are_known_to_all(users_folder: Path) -> None:
    """Two processes share a secret and a register; a cookie of one is good at the other, until it is logged out at either."""
    register = MemoryRegister(lambda: 0.0)
    with site(users_folder, register=register) as one, site(users_folder, register=register) as other, browser(one) as here:
        cookies = dict(here.log_in("li").client.cookies)
        with browser(other, cookies=cookies) as there:
            there.get("/warnings")
            here.send("/logout")
            assert there.client.get("/warnings", follow_redirects=False).headers["location"] == "/login"


def test_another_login_in_the_same_browser_ends_the_first(place: Site, operator: Browser) -> None:
    with browser(place, cookies=dict(operator.client.cookies)) as copy:
        operator.log_in("sun")
        assert copy.client.get("/warnings", follow_redirects=False).headers["location"] == "/login"


class Away(MemoryRegister):
    """A register whose Redis is away."""

    is_away = False

    async def is_open(self, session: str) -> bool:
        """Nobody can say."""
        if self.is_away:
            raise Doubt("redis, asked for a session: ConnectionError")
        return await super().is_open(session)

    async def end(self, session: str) -> None:
        """It cannot be ended."""
        if self.is_away:
            raise Doubt("redis, asked for a session: ConnectionError")
        await super().end(session)


def test_while_sessions_cannot_be_asked_for_nothing_is_shown_and_nothing_ended(users_folder: Path) -> None:
    register = Away(lambda: 0.0)
    with site(users_folder, register=register) as made, browser(made) as somebody:
        token = somebody.log_in("li").csrf()
        register.is_away = True
        assert "li (" not in text_of(somebody.get("/warnings", 503))
        somebody.get("/nowhere", 404)
        assert somebody.client.post("/logout", data={"csrf": token}).status_code == 503
        register.is_away = False
        somebody.get("/warnings")


def test_who_logs_out_while_the_audit_cannot_be_told_is_out(place: Site, operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    cookies, token = dict(operator.client.cookies), operator.csrf()

    async def away(_: object) -> str:
        raise Doubt("kafka is away")

    monkeypatch.setattr(place.outside, "send", away)
    assert operator.client.post("/logout", data={"csrf": token}).status_code == 503
    for somebody in (operator, None):
        with browser(place, cookies=cookies) as copy:
            assert (somebody or copy).client.get("/warnings", follow_redirects=False).headers["location"] == "/login"


def test_whoever_is_taken_out_of_the_file_is_out_at_once(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text(entry("li", ["operator"], PASSWORD) + "\n" + entry("sun", ["auditor"], PASSWORD), "utf-8")
    with site(tmp_path) as made, browser(made) as operator:
        operator.log_in("li").get("/warnings")
        path.write_text(entry("sun", ["auditor"], PASSWORD), "utf-8")
        assert operator.client.get("/warnings", follow_redirects=False).headers["location"] == "/login"


def test_another_password_ends_what_was_begun_with_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text(entry("li", ["operator"], PASSWORD), "utf-8")
    with site(tmp_path) as made, browser(made) as stolen, browser(made) as owner:
        stolen.log_in("li").get("/warnings")
        path.write_text(entry("li", ["operator"], "another one"), "utf-8")
        assert stolen.client.get("/warnings", follow_redirects=False).headers["location"] == "/login"
        owner.log_in("li", "another one").get("/warnings")


def test_a_role_that_changed_in_the_file_holds_at_once(tmp_path: Path) -> None:
    path = tmp_path / "users"
    line = entry("li", ["operator"], PASSWORD)
    path.write_text(line, "utf-8")
    with site(tmp_path) as made, browser(made) as somebody:
        somebody.log_in("li").get("/audit", 403)
        path.write_text(line.replace(":operator:", ":viewer,auditor:"), "utf-8")
        somebody.get("/audit")
        somebody.send("/persons", 403, person_id="P1")


def test_a_broken_line_keeps_the_users_and_a_lost_file_has_none(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text(entry("li", ["operator"], PASSWORD), "utf-8")
    with site(tmp_path) as made, browser(made) as somebody:
        somebody.log_in("li")
        path.write_text("half a line", "utf-8")
        somebody.get("/warnings")
        path.unlink()
        assert somebody.client.get("/warnings", follow_redirects=False).headers["location"] == "/login"


@pytest.mark.parametrize("text", ["li", "li:operator", "li:chief:hash", "l i:viewer:hash", "li:viewer:h\nli:viewer:h", ":viewer:h"])
def test_a_line_that_is_none_is_named_by_its_number(text: str) -> None:
    with pytest.raises(UsersError, match=r"line \d: expected name:roles:hash"):
        read_users(text)


def test_entries_are_read_back_and_hold_no_password() -> None:
    line = entry("li", ["operator", "auditor"], PASSWORD)
    assert PASSWORD not in line
    assert read_users(f"# users\n\n{line}\n")["li"].roles == ["operator", "auditor"]
    with pytest.raises(UsersError):
        entry("l:i", ["viewer"], PASSWORD)
    with pytest.raises(UsersError):
        entry("li", ["viewer"], "")


def test_a_trusted_proxy_names_who_asks_and_where_from(behind_a_proxy: Site) -> None:
    with browser(behind_a_proxy, headers=NAMED) as somebody:
        assert "wang (经办)" in text_of(somebody.get("/warnings"))
        somebody.get("/warnings")
    logged_in = {"verb": "logged_in", "operator": "proxy:wang", "client": "172.16.0.9", "way": "proxy", "roles": ["operator"]}
    assert behind_a_proxy.audited() == [logged_in], "once a session"


def test_a_proxy_that_is_not_trusted_names_nobody(users_folder: Path) -> None:
    with site(users_folder, **{**PROXY, "console_proxies": "192.168.0.1"}) as made, browser(made, headers=NAMED) as somebody:
        assert somebody.client.get("/warnings", follow_redirects=False).headers["location"] == "/login"
        somebody.log_in("kan")
        assert made.audited()[-1]["client"] == "10.1.2.3", "nor where he comes from"


def test_a_proxy_that_only_ends_tls_tells_where_from_and_never_who(users_folder: Path) -> None:
    """It passes on what a stranger says of himself."""
    with site(users_folder, console_proxies="10.1.2.0/24") as made, browser(made, headers=NAMED) as somebody:
        assert somebody.client.get("/warnings", follow_redirects=False).headers["location"] == "/login"
        somebody.log_in("kan")
        assert [(event["operator"], event["client"]) for event in made.audited()] == [("local:kan", "172.16.0.9")]


def test_somebody_without_a_group_of_ours_is_told_so_and_the_audit_once(behind_a_proxy: Site) -> None:
    """The proxy would name him again after any login: he is not sent there."""
    with browser(behind_a_proxy, headers={**NAMED, "X-Forwarded-Groups": "staff"}) as somebody:
        for address in ("/warnings", "/health", "/live"):
            assert "不允许" in text_of(somebody.get(address, 403))
    assert behind_a_proxy.audited() == [{"verb": "refused", "operator": "proxy:wang", "client": "172.16.0.9", "asked": "login"}]


def test_an_address_that_the_client_made_up_is_not_believed(behind_a_proxy: Site) -> None:
    """The proxy appends; whatever stood there before came from the client."""
    with browser(behind_a_proxy, headers={**NAMED, "X-Forwarded-For": "1.1.1.1, 172.16.0.9, 10.1.2.77"}) as somebody:
        somebody.get("/warnings")
    assert behind_a_proxy.audited()[0]["client"] == "172.16.0.9"


def test_an_address_in_a_line_of_its_own_is_no_more_believed(behind_a_proxy: Site) -> None:
    """Some proxies add a line of X-Forwarded-For behind that of the client."""
    lines = [(name, value) for name, value in NAMED.items() if name != "X-Forwarded-For"]
    lines += [("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", "172.16.0.9")]
    with browser(behind_a_proxy) as somebody:
        somebody.client.get("/warnings", headers=lines)
    assert behind_a_proxy.audited()[0]["client"] == "172.16.0.9"


@pytest.mark.parametrize("name", ["wang\u200b", "wa\u202eng", "w" * 200])
def test_a_name_that_is_not_seen_as_it_is_is_nobody_s(behind_a_proxy: Site, name: str) -> None:
    lines = [("X-Forwarded-User", name.encode()), ("X-Forwarded-Groups", b"medaid-operator")]
    with browser(behind_a_proxy) as somebody:
        assert somebody.client.get("/warnings", headers=lines, follow_redirects=False).headers["location"] == "/login"


@pytest.mark.parametrize("twice", ["X-Forwarded-User", "X-Forwarded-Groups"])
def test_who_is_named_twice_is_nobody(behind_a_proxy: Site, twice: str) -> None:
    """The proxy has added its line to the stranger's."""
    lines = [(twice, "medaid-operator"), *NAMED.items()]
    with browser(behind_a_proxy) as somebody:
        assert somebody.client.get("/warnings", headers=lines, follow_redirects=False).headers["location"] == "/login"
    assert behind_a_proxy.audited() == []


def test_every_answer_carries_the_security_headers(stranger: Browser, operator: Browser) -> None:
    for somebody, path in [(stranger, "/login"), (stranger, "/nowhere"), (operator, "/warnings"), (operator, "/static/console.css")]:
        headers = somebody.client.get(path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert (headers["X-Frame-Options"], headers["X-Content-Type-Options"]) == ("DENY", "nosniff")
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == ("max-age=3600" if path.startswith("/static") else "no-store")


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(users_folder: Path) -> None:
    with site(users_folder, console_url="https://console.example") as made, browser(made) as somebody:
        answer = somebody.client.get("/login?lang=en")
        cookies = answer.headers.get_list("set-cookie")
        assert len(cookies) == 2, "the session's, and the language's"
        for cookie in cookies:
            assert {"httponly", "samesite=lax", "secure"} <= {part.strip().lower() for part in cookie.split(";")}
        assert "Strict-Transport-Security" in answer.headers


def test_a_session_signed_by_another_site_is_none(users_folder: Path, place: Site, operator: Browser) -> None:
    stolen = operator.client.cookies["medaid-session"]
    with site(users_folder) as made:
        made.app.user_middleware[1].kwargs["secret_key"] = "another"
        with browser(made, cookies={"medaid-session": stolen}) as somebody:
            assert somebody.client.get("/warnings", follow_redirects=False).headers["location"] == "/login"


def test_a_form_that_is_too_large_is_not_read(operator: Browser) -> None:
    assert operator.client.post("/persons", data={"person_id": "x" * (1 << 20)}).status_code == 413


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_nobody_is_sent_to_another_site(place: Site, operator: Browser, wanted: str) -> None:
    person = place.token("person", "P1")
    answer = operator.client.post(f"/persons/{person}/mask", data={"csrf": operator.csrf(), "back": wanted}, follow_redirects=False)
    assert answer.headers["location"] == f"/persons/{person}"
