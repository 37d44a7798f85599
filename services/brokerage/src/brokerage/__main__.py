"""`python -m brokerage <role>`: the roles of the one image."""

from brokerage.service import service
from service_kit.process import run

if __name__ == "__main__":
    run(service)
