select
  f.s3_bucket, f.s3_original_key, f.s3_thumbnail_small_key, f.s3_thumbnail_medium_key, f.s3_thumbnail_large_key, f.file_name,
  metadata.may_read_file(f.entity_type, f.entity_id, f.created_by)::text
from metadata.files f
where f.id = $1::uuid
