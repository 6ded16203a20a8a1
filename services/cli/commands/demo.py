"""`medaid demo`: a year of every city, generated, settled and summed up, three claims explained; at a terminal the console besides."""

import asyncio
import importlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from schemas.money import yuan_text
from services.cli.commands.policy import PAGE_COLUMNS
from services.cli.options import Lang, Language, PoliciesFolder, policies_with
from services.cli.progress import progress
from services.embedded.showcase import Shown, explain_shown, show_city
from services.embedded.summary import THEMES, ClaimSeen, Summary
from services.policy.library import load_policies
from services.policy.words import Speech
from services.runtime import logging
from services.runtime.settings import Settings

PERSONS = 1050
SEED = 1

NEXT = """What to run next (`. .venv/bin/activate` first, so that medaid is found):
  medaid generate --region {region} --persons {persons} --seed {seed} --out year.jsonl
      the same year as input events (without the lists of hospitals that were made up here)
  medaid replay year.jsonl --out settled.jsonl
      settle them, no server needed
  medaid explain {claim} --from settled.jsonl --lang zh
      why a claim got what it got; any other will do
  medaid policy show {region}
      the decree as data, with every reading that it leaves open
  make up
      the same services on Kafka and Redis
"""

CONSOLE = (
    """
控制台：{address}
  用户 {users}，密码均为 {password}；各年最后的事件正在陆续到达。按 Ctrl-C 结束。""",
    """
The console: {address}
  users {users}, each with the password {password}; the last events of each year are coming in. Ctrl-C ends it.""",
)
"""What is said once the console is served."""

TITLES = {
    "second_help": ("再救助或倾斜救助", "Re-assistance or tilt"),
    "changed_in_stay": ("住院期间身份变化，消息迟到", "A status that changed in a stay, told late"),
    "shared_limit": ("不同身份共用一个限额", "One limit, used under two categories"),
}


HELP = """Generate a year of every city, settle it without a server, sum it up, explain three claims, and open the console.

    The same services as in production, in memory. Amounts are yuan with 2 decimals. Takes well under a minute with the default of 1,050 people a city.
    Each city has a list of designated institutions here, made up as well, from which one hospital is missing.
    At a terminal it ends with the address of the console, for this machine alone, over the same cities while the last events of their year come in,
    until Ctrl-C; without a terminal it ends after the explanations.

    \b
    Example:
      medaid demo --lang zh
"""


def demo(
    persons: Annotated[
        int, typer.Option("--persons", min=1, help="People in each city; from 1,000 on everything that can happen does.")
    ] = PERSONS,
    seed: Annotated[int, typer.Option("--seed", help="Of all chance: the same seed gives the same text.")] = SEED,
    lang: Lang = Language.EN,
    folder: PoliciesFolder = None,
) -> None:
    """Generate, settle, sum up, explain; at a terminal, show the console."""
    speech = Speech(lang.value)
    policies = policies_with(None, folder)
    shown = _settled(policies.regions(), persons, seed, folder)
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else PAGE_COLUMNS, highlight=False)
    console.print(_table([city.summary for city in shown], speech))
    chosen = list(_chosen(shown))
    for theme, _, city in chosen:
        console.rule(speech.pick(*TITLES[theme]), align="left")
        console.print(explain_shown(city, theme, lang.value, folder), markup=False, soft_wrap=True)
    if not chosen:
        return
    _, claim, first = chosen[0]
    console.print(NEXT.format(region=first.summary.region, persons=persons, seed=seed, claim=claim), markup=False, soft_wrap=True)
    if sys.stdout.isatty():
        _open_console(shown, console, speech, folder)


def _open_console(shown: Sequence[Shown], console: Console, speech: Speech, folder: Path | None) -> None:
    """Serve the console over the cities until Ctrl-C. Its module is loaded here, for it brings a web server that nothing else needs."""
    showroom: Any = importlib.import_module("services.embedded.showroom")
    logging.configure(Settings(log_level="error"))
    policies = load_policies(designated={city.summary.region: city.designated for city in shown}, site=folder)
    room = showroom.Showroom(policies, [city.lines for city in shown])

    def announce(address: str) -> None:
        said = speech.pick(*CONSOLE).format(address=address, users=", ".join(showroom.USERS), password=showroom.PASSWORD)
        console.print(said, markup=False, soft_wrap=True)

    async def show() -> None:
        with progress() as bar:
            task = bar.add_task("filling the console", total=room.total)
            await room.fill(lambda events: bar.advance(task, events))
        await room.open(announce)

    with suppress(KeyboardInterrupt):
        asyncio.run(show())


def _settled(regions: Sequence[str], persons: int, seed: int, folder: Path | None) -> list[Shown]:
    """Every city, each in a process of its own, as many at once as there are processors; in the order of `regions`."""
    with ProcessPoolExecutor() as pool, progress() as bar:
        task = bar.add_task("settling the cities", total=len(regions))
        jobs = {pool.submit(show_city, region, persons, seed, folder): region for region in regions}
        shown: dict[str, Shown] = {}
        for job in as_completed(jobs):
            shown[jobs[job]] = job.result()
            bar.advance(task)
    return [shown[region] for region in regions]


def _chosen(shown: Sequence[Shown]) -> Iterator[tuple[str, str, Shown]]:
    """A claim for each theme, from a city that has not had its turn where possible; of several the one that ranks highest."""
    used: set[str] = set()
    for theme, ranking in THEMES.items():
        having = [city for city in shown if theme in city.claims]
        if not having:
            continue
        best = max(having, key=lambda city: (city.summary.region not in used, ranking(city.summary)(_seen(city, theme))))
        used.add(best.summary.region)
        yield theme, best.claims[theme][0], best


def _seen(city: Shown, theme: str) -> ClaimSeen:
    """The claim that a city showed for a theme."""
    return city.summary.claims[city.claims[theme][0]]


Count = Callable[[Summary], Counter[str]]


def _table(summaries: Sequence[Summary], speech: Speech) -> Table:
    """Cities side by side: totals, then each way to count."""
    table = Table(title=speech.pick("各市合成数据一年的结算", "A generated year of every city, settled"), title_justify="left")
    table.add_column("")
    for summary in summaries:
        table.add_column(summary.region, justify="right")
    totals: dict[tuple[str, str], Callable[[Summary], str]] = {
        ("输入事件", "input events"): lambda city: f"{city.events:,}",
        ("人员", "people"): lambda city: f"{len(city.persons):,}",
        ("结算单", "claims"): lambda city: f"{len(city.claims):,}",
        ("救助金额（元）", "paid, yuan"): lambda city: f"{yuan_text(city.paid_fen)}",
    }
    for words, text in totals.items():
        table.add_row(speech.pick(*words), *map(text, summaries))
    counts: dict[tuple[str, str], Count] = {
        ("结算结果", "outcome"): Summary.outcomes,
        ("不予救助的原因", "not assisted, by reason"): Summary.reasons,
        ("支付项目", "payments, by kind"): Summary.components,
        ("预警", "warnings raised, by kind"): lambda city: city.warnings,
        ("死信", "dead letters, by reason"): lambda city: city.dead_letters,
    }
    for words, count in counts.items():
        found = [count(summary) for summary in summaries]
        table.add_section()
        table.add_row(f"[bold]{speech.pick(*words)}", *(f"{sum(counter.values()):,}" for counter in found))
        for name in sorted(set().union(*found)):
            table.add_row(f"  {name}", *(f"{counter[name]:,}" for counter in found))
    return table
