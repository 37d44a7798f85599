"""`python -m exchange <role>`: the roles of the one image."""

from service_kit.process import run

from exchange.service import service

if __name__ == "__main__":
    run(service)
