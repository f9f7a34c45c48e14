select k.key
from unnest($1::text[]) k(key)
where exists (
  select from metadata.files f
  where f.s3_bucket = $2::text
    and k.key in (f.s3_original_key, f.s3_thumbnail_small_key, f.s3_thumbnail_medium_key, f.s3_thumbnail_large_key)
)
or exists (
  select from metadata.file_upload_requests q
  where q.s3_key = k.key and q.created_at > now() - make_interval(secs => $3::float8)
)
