"""Who is calling: access tokens of any OIDC issuer checked into a Principal, at the gateway and at each service."""
