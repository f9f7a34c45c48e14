with file as (
  update metadata.files
  set thumbnail_status = $3::text, thumbnail_error = $2::text, updated_at = now()
  where id = $1::uuid
  returning id
)
update metadata.file_upload_requests q
set status = 'failed', error_message = $2::text
from file
where q.file_id = file.id and $4::boolean
