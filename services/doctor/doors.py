"""What this site opens itself: the console's secret and users, and the addresses on which pages, health and metrics are served."""

from collections.abc import Sequence
from pathlib import Path

from services.console.app import users_of
from services.doctor.findings import Finding, fail, ok, warn
from services.doctor.site import Site, is_loopback
from services.runtime.secret import WrongSetting, check_private


async def secret(site: Site) -> Sequence[Finding]:
    """What sessions and links are made from."""
    if "console" not in site.services:
        return []
    if not site.settings.console_secret:
        what = "MEDAID_CONSOLE_SECRET is not set: every process has keys of its own, and a restart ends all sessions and bookmarks"
        return [
            fail("console.secret", what, "`openssl rand -hex 32` into a file, MEDAID_CONSOLE_SECRET_FILE in every process of the console")
        ]
    return [ok("console.secret", "MEDAID_CONSOLE_SECRET is set")]


async def users(site: Site) -> Sequence[Finding]:
    """The site's own users, in a file that others cannot read; or another way in."""
    settings = site.settings
    if "console" not in site.services:
        return []
    if settings.console_users:
        try:
            check_private("MEDAID_CONSOLE_USERS", settings.console_users)
            users_of(settings)
        except WrongSetting as wrong:
            return [fail("console.users", str(wrong), f"mend {settings.console_users}: `medaid console user` prints its lines, chmod 600")]
        return [ok("console.users", f"{Path(settings.console_users).name} can be used, and others cannot read it")]
    if settings.console_oidc_issuer or settings.console_proxy_user:
        return [ok("console.users", "people log in by a provider or a proxy")]
    mend = "MEDAID_CONSOLE_USERS, MEDAID_CONSOLE_OIDC_ISSUER or MEDAID_CONSOLE_PROXY_USER: deploy/README.md, The console"
    return [warn("console.users", "nobody can log in: there is no file of users, no provider, no proxy", mend)]


async def health(site: Site) -> Sequence[Finding]:
    """Health and metrics, which ask nobody who he is."""
    host = site.settings.health_host
    if is_loopback(host):
        return [ok("health", f"health and metrics on {host} alone")]
    what = f"health and metrics are served on {host} to whoever asks"
    return [warn("health", what, "MEDAID_HEALTH_HOST=127.0.0.1, or a network that only probes and Prometheus reach")]


async def pages(site: Site) -> Sequence[Finding]:
    """The console speaks plain HTTP: a proxy with TLS belongs before it where others can reach it."""
    if "console" not in site.services:
        return []
    host, url = site.settings.console_host, site.settings.console_url
    if is_loopback(host) or url.startswith("https://"):
        return [ok("console.pages", f"on {host}" + (f", for browsers {url}" if url else ""))]
    what = f"pages about persons are served on {host} in plain HTTP"
    return [warn("console.pages", what, "a proxy with TLS before them, and MEDAID_CONSOLE_URL=https://…, which makes cookies secure")]
