"""The services that speak: `medaid replay` and `medaid demo` put them to work, in this order. The console, which only listens, is not among them."""

from pathlib import Path

from services.identity.app import IdentityService
from services.monitoring.app import SHIPPED, MonitoringService
from services.policy.library import Policies
from services.runtime.service import AnyService
from services.settlement.app import SettlementService


def all_services(policies: Policies, thresholds: Path = SHIPPED) -> list[AnyService]:
    """One of each; `thresholds` is the file of early-warning thresholds.

    Raises:
        PolicyError: A fault in the thresholds.
        OSError: Their file cannot be read.
    """
    return [IdentityService(policies), SettlementService(policies), MonitoringService(policies, thresholds)]
