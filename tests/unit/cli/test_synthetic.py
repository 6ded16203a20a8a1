"""A made-up year: the same for the same seed, as the contract has it, and with everything in it that a city can give."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any, get_args

import orjson
import pytest

from schemas.catalogue import ADMISSION_TYPES, CLAIM_TYPES, STATUS_TYPES
from schemas.codes import VisitType
from schemas.envelope import CloudEvent, read_event
from schemas.hospital import ClaimSubmitted, check_dates
from schemas.refusal import Reason, Refused
from schemas.times import instant_ns, local_day
from services.cli.synthetic import generate
from services.cli.synthetic import generate as package_function
from services.cli.synthetic.faults import FAULTS, Breaking
from services.cli.synthetic.probe import casebook_of
from services.cli.synthetic.script import Script
from services.cli.synthetic.stage import Stage
from services.cli.synthetic.world import city_of
from services.identity.app import IdentityService
from services.runtime.records import Record
from services.settlement.app import SettlementService
from services.settlement.domain import check_amounts
from tests.unit.cli.made_up_cities import KINDS, PERSONS, POOLS, REASONS, REGIONS, YEAR, lines_of, place_of, policies, policy_of, settled
