update metadata.files
set
  thumbnail_status = 'completed', thumbnail_error = null, s3_thumbnail_small_key = $2::text, s3_thumbnail_medium_key = $3::text,
  s3_thumbnail_large_key = $4::text, file_size = $5::integer, updated_at = now()
where id = $1::uuid
