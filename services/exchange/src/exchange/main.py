"""The application, for a server that imports it."""

from exchange.service import service
from service_kit.app import create_app

app = create_app(service)
