-- Objects in the store stay where they are.

drop function public.get_upload_url(uuid);
drop function public.request_upload_url(text, text, text, text);
drop view public.files;
drop table metadata.files;
drop table metadata.file_upload_requests;
drop function public.insert_s3_presign_job();
drop function public.insert_thumbnail_job();
drop function metadata.guard_file_write();
drop function metadata.require_uploader();
drop function metadata.anonymous_uploads();
drop function public.set_file_created_by();
delete from metadata.properties where table_name = 'files' and column_name = 'created_by';
