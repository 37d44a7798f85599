"""Runs the gateway: `python -m gateway api`."""

from gateway.service import service
from service_kit.process import run

if __name__ == "__main__":
    run(service)
