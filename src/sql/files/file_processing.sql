update metadata.files
set thumbnail_status = 'processing', updated_at = now()
where id = $1::uuid and thumbnail_status in ('pending', 'failed', 'processing')
returning id::text
