"""What runs at a site, as its settings name it: its policies, and its thresholds of early warning."""

from pathlib import Path

from services.monitoring.app import SHIPPED, load_thresholds
from services.monitoring.domain.thresholds import Thresholds
from services.policy.library import Policies, load_policies, switched_from_text
from services.runtime.settings import Settings


def policies_of(settings: Settings) -> Policies:
    """The policies, read as the site reads them.

    Raises:
        PolicyError: A fault in a file, or a reading that is none.
    """
    return load_policies(switched=switched_from_text(settings.readings))


def thresholds_of(policies: Policies, settings: Settings) -> Thresholds:
    """The thresholds.

    Raises:
        PolicyError: A fault in them.
        OSError: Their file cannot be read.
    """
    return load_thresholds(policies, Path(settings.thresholds) if settings.thresholds else SHIPPED)
