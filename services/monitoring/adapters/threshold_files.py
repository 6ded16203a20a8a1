"""The files of thresholds: the shipped one or the site's `thresholds.yaml`, and for some regions `<region>.thresholds.yaml` beside it.

In: the site's policies, which know its folder. Out: what holds, and the regions whose own file has faults. A fault in `thresholds.yaml` concerns every
region, and stops whoever asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.monitoring.domain.threshold_file import read_thresholds, strange_categories, with_region
from services.monitoring.domain.thresholds import Thresholds
from services.policy.library import Policies
from services.policy.sources import text_of
from services.policy.tree import PolicyError

SHIPPED = Path(__file__).parents[1] / "thresholds.yaml"
_OF_REGION = ".thresholds.yaml"


@dataclass(frozen=True)
class SiteThresholds:
    """What holds at a site.

    Attributes:
        faulty: Regions whose own file has faults, and these, a line each: they are not watched, for the default is not theirs.
    """

    thresholds: Thresholds
    faulty: Mapping[str, Sequence[str]]

    def notes(self, policies: Policies) -> Sequence[str]:
        """What is no fault and may be an oversight: of each region of the site's own, which categories of the default it does not have."""
        regions = sorted((policies.own & policies.current.keys()) - self.faulty.keys())
        strange = {region: strange_categories(self.thresholds, policies, region) for region in regions}
        return [note(region, names) for region, names in strange.items() if names]


def note(region: str, names: Sequence[str]) -> str:
    """The sentence about a region that lacks categories of the default."""
    return (
        f"{region}: the default thresholds of early warning name {', '.join(names)}, which {region} does not have;"
        f" {region}{_OF_REGION} may say who is meant there"
    )


def load_thresholds(policies: Policies, *, spares: bool = False) -> SiteThresholds:
    """The thresholds of the site that `policies` are of.

    Args:
        policies: With the folder of its own files.
        spares: A region's own file with faults costs that region its warnings, and nobody else.

    Raises:
        PolicyError: Any fault of `thresholds.yaml`; unless `spares`, of any file, with file, line and key.
    """
    path = SHIPPED if policies.folder is None else policies.folder / "thresholds.yaml"
    path = path if path.exists() else SHIPPED
    thresholds = read_thresholds(str(path), text_of(path), policies)
    faulty: dict[str, Sequence[str]] = {}
    for file in sorted(policies.folder.glob(f"[!.]*{_OF_REGION}")) if policies.folder else ():
        region = file.name.removesuffix(_OF_REGION)
        try:
            thresholds = _with(thresholds, region, file, policies)
        except PolicyError as error:
            faulty[region] = str(error).splitlines()
        except Exception as error:  # a form of file that we did not think of; the other cities must not suffer for it
            faulty[region] = [f"{file}:1: (file): thresholds; these meet a mistake of medaid's ({type(error).__name__}): please report it"]
    if faulty and not spares:
        raise PolicyError("\n".join(fault for faults in faulty.values() for fault in faults))
    return SiteThresholds(thresholds, faulty)


def _with(thresholds: Thresholds, region: str, file: Path, policies: Policies) -> Thresholds:
    """`thresholds` with a region's own.

    Raises:
        PolicyError: A fault in its file.
    """
    if region in policies.current:
        return with_region(thresholds, region, str(file), text_of(file), policies)
    if region in policies.faulty:
        return thresholds  # its policy's faults are told, and nothing is watched there until they are mended
    raise PolicyError(f"{file}:1: (file): a name that begins with a region that has a policy file; {region} is none")
