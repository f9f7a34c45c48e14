update metadata.file_upload_requests
set status = $3::text, error_message = $2::text
where id = $1::uuid and status in ('pending', 'processing')
