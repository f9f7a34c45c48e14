update metadata.file_upload_requests
set presigned_url = $2::text, file_id = $3::uuid, s3_key = $4::text, status = 'completed', error_message = null
where id = $1::uuid and status in ('pending', 'processing')
