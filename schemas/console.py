"""Who did what in the console, and what operators ruled at the command line: the audit (审计), append-only."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.fields import Code, Id, Model, Number, Ordinal, SignedYuan, Year

Name = Annotated[str, Field(min_length=1, max_length=128)]
Role = Literal["viewer", "operator", "auditor", "planner"]
"""查看, 经办, 审计, 规划: what somebody may do in the console."""

Way = Literal["oidc", "proxy", "local"]
"""How somebody was known: an OpenID provider, a trusted reverse proxy, the site's own file of users."""

ServiceName = Literal["identity", "settlement", "monitoring", "console"]
TopicName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]
Why = Annotated[str, Field(min_length=1, max_length=500)]


class Audited(Model):
    """Base of every audit event: the event's `time` says when."""

    operator: Name | None = Field(
        default=None,
        description="who: the way in and the name there (oidc:li, proxy:li, local:li, cli:li for the command line); null for somebody who was not let in",
    )
    client: str = Field(
        min_length=1, max_length=64, description="address that he came from, as far as trusted proxies tell; of the command line its host"
    )

    @property
    def home(self) -> str:
        """Whose partition it lies in."""
        return self.operator or ""


class LoggedIn(Audited):
    """`console.audit.logged_in.v1`: somebody was let in (登录)."""

    way: Way = Field(description="oidc, proxy or local")
    roles: list[Role] = Field(min_length=1, description="what he may do")


class LoggedOut(Audited):
    """`console.audit.logged_out.v1`: somebody logged out; his session is over wherever its cookie was copied to (退出)."""

    way: Way = Field(description="oidc, proxy or local")


class AccessRefused(Audited):
    """`console.audit.refused.v1`: somebody asked for what he may not do, or was not let in (拒绝)."""

    asked: str = Field(min_length=1, max_length=64, description="what was asked for: login, or a deed such as unmask or replay")


class LookedUp(Audited):
    """`console.audit.looked_up.v1`: a person was looked up by his id (查询)."""

    person_id: Id = Field(description="psn_no: whom")


class Unmasked(Audited):
    """`console.audit.unmasked.v1`: a person's data, a dead letter's, or the claims behind a hospital's warning were shown in clear (明文查看)."""

    person_id: Id | None = Field(
        default=None, description="psn_no: whose; null where a dead letter names nobody, and of a hospital's warning"
    )
    warning_id: str | None = Field(default=None, max_length=512, description="the hospital's warning whose evidence was shown")
    letter: str | None = Field(default=None, max_length=1024, description="the dead letter, topic/partition/offset of the refused record")


class Exported(Audited):
    """`console.audit.exported.v1`: everything that is held of a person was taken out (导出个人信息)."""

    person_id: Id = Field(description="psn_no: whose")
    reason: Why = Field(description="why, and for whom")


class Resent(Audited):
    """Base of what tells of a refused record that is to be sent again."""

    letter: str = Field(max_length=1024, description="the dead letter, topic/partition/offset of the refused record")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="digest of the whole value, in hexadecimal")
    source: str | None = Field(default=None, max_length=1024, description="its CloudEvents source; null where it has none")
    event_id: str | None = Field(default=None, max_length=1024, description="its CloudEvents id; null where it has none")
    person_id: Id | None = Field(default=None, description="psn_no: whose it is; null where it names nobody")
    with_headers: bool = Field(default=True, description="whether the letter's headers go with it")

    @property
    def home(self) -> str:
        """The letter's partition: what is told of a letter has an order, and the first replay stands."""
        return self.letter


class Proposed(Resent):
    """`console.audit.proposed.v1`: an operator asks a second one to send a mended record, for it says what could not be read in the letter (提请复核)."""

    named: list[str] = Field(
        min_length=1, description="what the mended record says that the letter does not, or that was the reason of the refusal"
    )


class Replayed(Resent):
    """`console.audit.replayed.v1`: a refused record was sent again (重放)."""

    place: str = Field(max_length=1024, description="where it was sent to, topic/partition")
    mended: bool = Field(description="whether its payload was changed first")
    proposed_by: Name | None = Field(default=None, description="who had proposed it, where it needed two; null where it needed one")


class LossAccepted(Audited):
    """`console.audit.loss_accepted.v1`: input that Kafka deleted before a service had read it was given up, and the lane goes on behind it (认可丢失)."""

    service: ServiceName = Field(description="whose lane it is: identity, settlement, monitoring or console")
    topic: TopicName = Field(description="the input, without the site's prefix")
    partition: Number = Field(description="of the input")
    from_offset: Number = Field(description="the first offset that was lost: where the service would have read on")
    to_offset: Ordinal = Field(description="the offset behind the last that was lost: where the log began when this was said")
    reason: Why = Field(description="why the loss is accepted, and how its senders make up for it")


class RecordSkipped(Audited):
    """`console.audit.record_skipped.v1`: one record that somebody else wrote into a topic of ours is passed over from now on (略过)."""

    topic: TopicName = Field(description="the topic, without the site's prefix")
    partition: Number = Field(description="where the record lies")
    offset: Number = Field(description="its offset there")
    sha256: str = Field(
        pattern=r"^[0-9a-f]{64}$",
        description="digest of its key, a line feed and its value, in hexadecimal: another record there is not meant",
    )
    reason: Why = Field(description="who wrote it, or what is known of that, and why it may be passed over")


class ReadjudicationAsked(Audited):
    """`console.audit.readjudication_asked.v1`: an operator has a region's year settled anew (申请重新结算); told before the first request is sent."""

    region: Code = Field(description="the city")
    year: Year = Field(description="calendar year")
    requests: Ordinal = Field(description="how many persons' years are asked for")
    total: SignedYuan = Field(description="what the fund would owe more because of them, as reckoned then, yuan")
    paying_back: Number = Field(description="how many of the persons would pay back")
    editions: list[str] = Field(min_length=1, description="the editions that the region's policy files have for whoever asks")
    reason: Why = Field(description="why")


class PolicyTried(Audited):
    """`console.audit.policy_tried.v1`: somebody had another policy tried on the ledger, in sums (政策试算); told before it begins."""

    region: Code = Field(description="the city")
    year: Year | None = Field(default=None, description="calendar year; null: all years")
    changed: list[str] = Field(
        min_length=1, max_length=500, description="paths of the figures, and names of the readings, that were set otherwise"
    )


class VerificationBegun(Audited):
    """`console.audit.verifying.v1`: somebody began to verify the ledger (开始核对); without a `verified` behind it that has failed."""


class Verified(Audited):
    """`console.audit.verified.v1`: the ledger was verified (核对)."""

    differences: Number = Field(description="how many differences were found")
