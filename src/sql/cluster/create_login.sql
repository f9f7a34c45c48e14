-- The pool's login: inherits nothing, so that it sees nothing until a request's role is set. Caller: cluster::bootstrap.
create role authenticator login noinherit nocreatedb nocreaterole nosuperuser
