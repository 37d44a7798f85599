"""The gateway as an ASGI application: `uvicorn gateway.main:app`."""

from gateway.service import service
from service_kit.app import create_app

app = create_app(service)
