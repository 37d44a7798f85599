"""The application, for a server that imports it."""

from brokerage.service import service
from service_kit.app import create_app

app = create_app(service)
