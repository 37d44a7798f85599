#!/bin/sh
# A database and three roles for every service whose passwords are mounted: owner (migrates), api (requests, under
# row-level security) and worker (relay, consumer). What they may do there the migration decides. Safe to repeat.
#
# Passwords: one file each, <folder>/<service>-<role>/password. The folder is /run/database-roles, or the first argument.
set -eu
folder=${1:-/run/database-roles}

for file in "$folder"/*-owner/password; do
  service=$(basename "$(dirname "$file")")
  service=${service%-owner}
  for role in owner api worker; do
    # Through the environment: arguments could be read by any process beside this one.
    PASSWORD=$(cat "$folder/$service-$role/password") \
      psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=role="${service}_$role" \
      --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'SQL'
\getenv password PASSWORD
SELECT format('CREATE ROLE %I LOGIN', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'password';
SQL
  done
  psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=name="$service" --set=owner="${service}_owner" \
    --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'SQL'
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'owner')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
SQL
done
