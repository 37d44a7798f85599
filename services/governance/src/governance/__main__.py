"""Runs the governance service in one role: `python -m governance api|relay|consumer|all|migrate`."""

from governance.service import service
from service_kit.process import run

run(service)
