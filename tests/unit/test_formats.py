"""What lies in a view says in which format it was written; nobody reads another one, and nobody changes one without giving it a number of its own."""

from collections.abc import Callable, Iterator, Mapping

import pytest

from schemas.hospital import ClaimSubmitted
from services.console.domain.desk import value_in
from services.console.service import ConsoleService
from services.identity import adapters as identity_adapters
from services.ledger.services import all_services
from services.monitoring.adapters.documents import decode_hospital, decode_person, hospital_key, shares_key
from services.policy.library import load_policies
from services.runtime.errors import Unreadable
from services.settlement.adapters.claim_record import record_in
from services.settlement.adapters.documents import decode
from services.settlement.app import SettlementService
from services.settlement.domain import Holder
from tests.unit.formats import GOLDEN, WHOLE, WRITERS, Documents, claim_with, golden, written

KNOWN = golden()
FORMAT = SettlementService.format
WHAT_TO_DO = """
{service} writes documents in another form than format {number} has. Processes of the released version would read them, and guess: so give the service
the next number (FORMAT, beside its documents) and add what it writes to {file}: python -m tests.unit.formats. The view is then healed from
the topics when the new version takes its lanes, and nothing else is to be done. If only this test's examples have changed, change them back, or add to them
together with the next format."""

Reader = Callable[[Documents], object]


def as_bytes(document: Mapping[str, str]) -> dict[str, bytes]:
    return {name: value.encode() for name, value in document.items()}


def read_settlement(documents: Documents) -> object:
    return decode("P1", {"p/P1": {}} | {key: as_bytes(document) for key, document in documents.items() if key != "index"}, {})


def read_identity(documents: Documents) -> object:
    return identity_adapters.decode("P1", as_bytes(documents.get("i/P1", {})))


def read_monitoring(documents: Documents) -> object:
    found = {hospital_key("H1"): {}, shares_key("H1"): {}} | {key: as_bytes(document) for key, document in documents.items()}
    return decode_person("P1", found), decode_hospital("H1", found)


def read_console(documents: Documents) -> object:
    return [value_in(value) for document in documents.values() for value in as_bytes(document).values()]


READERS: dict[str, Reader] = {
    "settlement": read_settlement,
    "identity": read_identity,
    "monitoring": read_monitoring,
    "console": read_console,
}


def stamped() -> Iterator[tuple[str, int, str, str]]:
    """Service, format, document and field of every value that says its format itself: all but settlement's counters, flags and index."""
    for service, formats in KNOWN.items():
        for number, documents in formats.items():
            for key, name in ((key, name) for key, document in documents.items() for name in document):
                if service != "settlement" or not (key.startswith("y/") or key == "index" or name.startswith("y:")):
                    yield service, number, key, name


def with_its_year(key: str, name: str, value: str) -> Documents:
    """A claim of settlement's, and the counters without which no year is read."""
    return {key.replace("c/", "y/"): KNOWN["settlement"][FORMAT][key.replace("c/", "y/")], key: {name: value}}


def test_every_service_has_a_format_here() -> None:
    services = {service.name: service.format for service in [*all_services(load_policies()), ConsoleService(load_policies())]}
    assert {name: number for name, (number, _) in WRITERS.items()} == services


@pytest.mark.parametrize("service", WRITERS)
def test_a_format_is_what_it_was(service: str) -> None:
    number = WRITERS[service][0]
    assert written(service) == KNOWN[service].get(number), WHAT_TO_DO.format(service=service, number=number, file=GOLDEN.name)


def test_the_example_of_a_claim_gives_every_field() -> None:
    """A new field makes another form of a claim, which only a claim that has it shows."""
    assert claim_with(**WHOLE).model_fields_set == set(ClaimSubmitted.model_fields) - {"service_date"}


@pytest.mark.parametrize("service", WRITERS)
def test_what_the_present_format_wrote_is_read(service: str) -> None:
    assert READERS[service](KNOWN[service][WRITERS[service][0]])


@pytest.mark.parametrize(("service", "number", "key", "name"), list(stamped()))
def test_what_another_format_wrote_is_never_read(service: str, number: int, key: str, name: str) -> None:
    """Of the present one the number is changed."""
    value = KNOWN[service][number][key][name]
    if number == WRITERS[service][0]:
        value = f"{number + 1}{value.removeprefix(str(number))}"
    with pytest.raises(Unreadable):
        READERS[service](with_its_year(key, name, value) if key.startswith("c/") else {key: {name: value}})


@pytest.mark.parametrize("said", [None, "1", "3", "22", ""])
def test_counters_of_another_format_are_never_read(said: str | None) -> None:
    year = "y/P1/wuxi/2025"
    counters = {name: value for name, value in KNOWN["settlement"][FORMAT][year].items() if name != "_format"}
    with pytest.raises(Unreadable):
        read_settlement({year: counters if said is None else counters | {"_format": said}})


def test_an_amount_stays_what_it_was_when_a_later_format_puts_a_field_before_it() -> None:
    """Basic insurance paid 8,000.00 yuan. Read by places alone, the next amount, 1,000.00, would stand in its place."""
    value = KNOWN["settlement"][FORMAT]["c/P1/wuxi/2025"]["H1/C1"]
    record = record_in("P1/wuxi", "H1/C1", value.encode())
    assert (record.claim.basic_paid, record.claim.critical_illness_paid, record.assistance_fen) == (800_000, 100_000, 100_050)
    later = f"{FORMAT + 1}{value.removeprefix(str(FORMAT))}".replace('"inpatient",', '"inpatient",null,')
    with pytest.raises(ValueError, match="another format"):
        record_in("P1/wuxi", "H1/C1", later.encode())
    with pytest.raises(Unreadable):
        read_settlement(with_its_year("c/P1/wuxi/2025", "H1/C1", later))


@pytest.mark.parametrize(
    "broken", ["", "2:", "2:[", "2:[1,3]", "2:{}", "2:null", "2:7", "\x00", '2:[1,3,1,"f",null,"inpatient","not a day"]']
)
def test_broken_bytes_are_never_read(broken: str) -> None:
    for service, key, name in (("settlement", "p/P1", "timeline"), ("identity", "i/P1", "s:wuxi/2025"), ("monitoring", "m/P1", "c:H1/C1")):
        with pytest.raises(Unreadable):
            READERS[service]({key: {name: broken}})
    with pytest.raises(Unreadable):
        read_settlement(with_its_year("c/P1/wuxi/2025", "H1/C1", broken))


@pytest.mark.parametrize("holder", ["", "2025|P1|wuxi", "P1|wuxi|2025|x", "2025|P1|wuxi|x|y"])
def test_a_holder_that_is_none_of_ours_is_never_read(holder: str) -> None:
    with pytest.raises(Unreadable):
        Holder.parse(holder)
