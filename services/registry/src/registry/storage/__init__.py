"""The register's tables and the SQL of each aggregate, one file per aggregate."""
