#!/bin/sh
# Run once by the PostgreSQL image on an empty data folder: the login that serves requests. It owns nothing and inherits nothing; the migrations grant the rest.
set -eu
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 --set password="$AUTHENTICATOR_PASSWORD" --set database="$POSTGRES_DB" <<'SQL'
create role authenticator login noinherit password :'password';
grant connect on database :"database" to authenticator;
SQL
