update metadata.files
set file_size = $2::integer, updated_at = now()
where id = $1::uuid and file_size <> $2::integer
