"""What every service is built from: application, database, contract, identity, policy, audit."""
