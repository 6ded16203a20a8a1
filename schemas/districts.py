"""What counts of a claim's district (insuplc_admdvs): the county of a division code (行政区划代码). Hospitals may write anything there, a name too."""

import re
from typing import Final

OTHER: Final = "other"
"""The district of claims whose district is no division code."""

_COUNTY = re.compile(r"([0-9]{6})(?:[0-9]{6})?", re.ASCII)


def county_of(district: str | None) -> str | None:
    """The six digits of the county, also of a code of twelve with town and village; `OTHER` of anything else; None where none is given."""
    if not district:
        return None
    county = _COUNTY.fullmatch(district)
    return county[1] if county else OTHER
