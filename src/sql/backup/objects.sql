-- Objects that the rows of this snapshot name: uploads and their previews.
select distinct f.s3_bucket, k.key
from metadata.files f
cross join lateral (values (f.s3_original_key), (f.s3_thumbnail_small_key), (f.s3_thumbnail_medium_key), (f.s3_thumbnail_large_key)) k(key)
where k.key <> ''
order by 1, 2
