-- The database of the installation. Caller: cluster::bootstrap.
create database civic_os
