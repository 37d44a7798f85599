"""The gateway's index: it keeps no data, answers who the caller is, and passes everything else on."""

from pathlib import Path

from gateway.api import compositions, me
from gateway.api.install import TITLE, install
from service_kit.service import Service

service = Service(
    name="gateway",
    title=TITLE,
    package=Path(__file__).parent,
    routers=(me.router, compositions.router),
    install=install,
)
