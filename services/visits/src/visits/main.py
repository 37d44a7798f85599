"""The application, for a server that imports it."""

from service_kit.app import create_app
from visits.service import service

app = create_app(service)
