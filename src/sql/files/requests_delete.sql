delete from metadata.file_upload_requests where id = any ($1::uuid[]) returning id::text
