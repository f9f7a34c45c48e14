select
  q.status, q.entity_type, q.entity_id, q.file_name, q.file_type, coalesce(q.file_size::text, ''),
  coalesce(q.file_id, public.uuid_generate_v7())::text,
  metadata.file_rules(q.entity_type, q.property_name)::text
from metadata.file_upload_requests q
where q.id = $1::uuid
