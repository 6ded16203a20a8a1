"""What the console takes from its environment besides what every service takes."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Annotated, cast, get_args

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from schemas.console import Role
from services.runtime.settings import Settings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_HEADER = r"^[A-Za-z0-9-]{0,64}$"


def networks_in(text: str) -> Sequence[Network]:
    """Addresses and networks by commas. Raises: ValueError, one is none."""
    return [ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip()]


def roles_in(text: str) -> Mapping[str, Role]:
    """Groups of a login, and the role that each gives.

    Raises:
        ValueError: Another form than `role=group`, several by commas.
    """
    roles: dict[str, Role] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        role, equals, group = part.partition("=")
        if not equals or not group or role not in get_args(Role):
            raise ValueError(f"role=group by commas, role one of {', '.join(get_args(Role))}")
        roles[group] = cast(Role, role)
    return roles


def _networks(text: str) -> str:
    networks_in(text)
    return text


def _roles(text: str) -> str:
    roles_in(text)
    return text


class ConsoleSettings(Settings):
    """The settings of a process that serves the console."""

    console_host: str = Field(
        "127.0.0.1", alias="MEDAID_CONSOLE_HOST", pattern=r"^\S+$", description="address on which the console is served"
    )
    console_port: int = Field(
        0, alias="MEDAID_CONSOLE_PORT", ge=0, le=65535, description="port of the console; 0 takes a free one and prints it"
    )
    console_url: str = Field(
        "",
        alias="MEDAID_CONSOLE_URL",
        pattern=r"^(https?://[^\s/]+)?$",
        description="address of the console as browsers see it; https makes its cookies secure; OIDC needs it",
    )
    console_secret: str = Field(
        "",
        alias="MEDAID_CONSOLE_SECRET",
        pattern=r"^(\S{32,})?$",
        repr=False,
        description="32 characters or more, from which the keys of sessions and links are made; the same in every process of the console; empty: one a process",
    )
    console_users: str = Field(
        "", alias="MEDAID_CONSOLE_USERS", description="file of the site's own users, a line each as `medaid console user` prints it"
    )
    console_idle_minutes: int = Field(
        30, alias="MEDAID_CONSOLE_IDLE_MINUTES", ge=1, le=1440, description="after so long without a request a session ends, minutes"
    )
    console_session_hours: int = Field(
        10, alias="MEDAID_CONSOLE_SESSION_HOURS", ge=1, le=168, description="how long a session lasts at most, hours"
    )
    console_unmask_minutes: int = Field(
        10, alias="MEDAID_CONSOLE_UNMASK_MINUTES", ge=1, le=60, description="how long one person stays unmasked for whoever asked, minutes"
    )
    console_proxies: Annotated[str, AfterValidator(_networks)] = Field(
        "",
        alias="MEDAID_CONSOLE_PROXIES",
        description="addresses or networks of trusted reverse proxies, by commas: their X-Forwarded-For says where somebody comes from",
    )
    console_proxy_user: str = Field(
        "",
        alias="MEDAID_CONSOLE_PROXY_USER",
        pattern=_HEADER,
        description="header in which a trusted proxy names who asks, such as X-Forwarded-User; it must overwrite what browsers send; empty: no login by proxy",
    )
    console_proxy_groups: str = Field(
        "X-Forwarded-Groups",
        alias="MEDAID_CONSOLE_PROXY_GROUPS",
        pattern=_HEADER,
        description="header of a trusted proxy with his groups, by commas",
    )
    console_oidc_client: str = Field("", alias="MEDAID_CONSOLE_OIDC_CLIENT", description="client id at the OpenID provider")
    console_oidc_secret: str = Field("", alias="MEDAID_CONSOLE_OIDC_SECRET", repr=False, description="client secret at the OpenID provider")
    console_oidc_groups: str = Field(
        "groups", alias="MEDAID_CONSOLE_OIDC_GROUPS", description="claim of the OpenID provider with somebody's groups"
    )
    console_oidc_issuer: str = Field(
        "",
        alias="MEDAID_CONSOLE_OIDC_ISSUER",
        pattern=r"^(https?://\S+)?$",
        description="OpenID provider; with it MEDAID_CONSOLE_URL is needed",
    )
    console_roles: Annotated[str, AfterValidator(_roles)] = Field(
        "viewer=medaid-viewer,operator=medaid-operator,auditor=medaid-auditor,planner=medaid-planner",
        alias="MEDAID_CONSOLE_ROLES",
        description="role=group by commas: which groups of the proxy or provider may view, operate, audit, plan",
    )

    @field_validator("console_oidc_issuer")
    @classmethod
    def _oidc_is_whole(cls, issuer: str, others: ValidationInfo) -> str:
        if issuer and not (others.data.get("console_url") and others.data.get("console_oidc_client")):
            raise ValueError("with it MEDAID_CONSOLE_URL and MEDAID_CONSOLE_OIDC_CLIENT")
        return issuer
