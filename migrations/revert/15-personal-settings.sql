drop table metadata.saved_views;
drop table metadata.user_settings;
