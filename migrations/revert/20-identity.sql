-- The role stays: it belongs to the cluster, and another database may use it.
drop view civic_os_identity.accounts;
drop function civic_os_identity.begin_attempt(text, text, integer, integer);
drop table civic_os_identity.attempts;
drop table civic_os_identity.seal;
drop table civic_os_identity.signing_keys;
drop table civic_os_identity.links;
drop table civic_os_identity.codes;
drop table civic_os_identity.token_families;
drop table civic_os_identity.sessions;
drop table civic_os_identity.person_roles;
drop table civic_os_identity.people;
drop function civic_os_identity.follow_roles();
drop schema civic_os_identity;
revoke select on metadata.roles from civic_os_identity;
revoke usage on schema metadata from civic_os_identity;
