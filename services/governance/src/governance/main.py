"""Governance's application."""

from governance.service import service
from service_kit.app import create_app

app = create_app(service)
