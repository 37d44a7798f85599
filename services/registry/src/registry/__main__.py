"""Runs the register in one role: `python -m registry api|relay|consumer|all|migrate`."""

from registry.service import service
from service_kit.process import run

run(service)
