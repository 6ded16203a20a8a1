"""The services that `medaid replay` and `medaid demo` put to work, in the order in which they take turns."""

from services.identity.app import IdentityService
from services.monitoring.app import MonitoringService
from services.policy.library import Policies
from services.runtime.service import AnyService
from services.settlement.app import SettlementService


def all_services(policies: Policies) -> list[AnyService]:
    """One of each."""
    return [IdentityService(policies), SettlementService(policies), MonitoringService(policies)]
