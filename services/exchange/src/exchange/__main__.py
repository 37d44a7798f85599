"""`python -m exchange <role>`: the roles of the one image."""

from exchange.service import service
from service_kit.process import run

if __name__ == "__main__":
    run(service)
