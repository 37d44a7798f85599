"""The register's application."""

from registry.service import service
from service_kit.app import create_app

app = create_app(service)
