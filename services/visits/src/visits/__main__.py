"""`python -m visits <role>`: the roles of the one image."""

from service_kit.process import run
from visits.service import service

if __name__ == "__main__":
    run(service)
