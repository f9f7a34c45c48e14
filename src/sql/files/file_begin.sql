select
  f.s3_bucket, f.s3_original_key, f.file_type, f.file_size::text, coalesce(f.thumbnail_status, ''),
  metadata.file_rules(f.entity_type, q.property_name)::text
from metadata.files f
left join metadata.file_upload_requests q on q.file_id = f.id
where f.id = $1::uuid
order by q.created_at desc
limit 1
