"""What runs at a site, as its settings name it: its policies, and its thresholds of early warning."""

from services.monitoring.adapters.threshold_files import load_thresholds
from services.monitoring.domain.thresholds import Thresholds
from services.policy.library import Policies, site_policies
from services.runtime.settings import Settings


def policies_of(settings: Settings) -> Policies:
    """The policies, read as the site reads them.

    Raises:
        PolicyError: A fault in a file, or a reading that is none.
    """
    return site_policies(settings.policies, settings.readings)


def thresholds_of(policies: Policies) -> Thresholds:
    """The thresholds.

    Raises:
        PolicyError: A fault in them.
        OSError: Their file cannot be read.
    """
    return load_thresholds(policies).thresholds
