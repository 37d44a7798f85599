"""Generated requests against the running gateway, as each role: schemathesis, driven by the published description."""
