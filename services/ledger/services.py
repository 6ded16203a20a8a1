"""The services that speak: `medaid replay` and `medaid demo` put them to work, in this order. The console, which only listens, is not among them."""

from services.identity.app import IdentityService
from services.monitoring.app import MonitoringService
from services.policy.library import Policies
from services.runtime.service import AnyService
from services.settlement.app import SettlementService


def all_services(policies: Policies, *, spares: bool = False) -> list[AnyService]:
    """One of each, with the thresholds that lie beside the policies; `spares`: a region's own may have faults, and costs the others nothing.

    Raises:
        PolicyError: A fault in the thresholds.
    """
    return [IdentityService(policies), SettlementService(policies), MonitoringService(policies, spares=spares)]
