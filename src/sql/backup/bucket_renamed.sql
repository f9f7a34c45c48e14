-- Rows follow their objects into the bucket that they were restored into.
update metadata.files set s3_bucket = $1 where s3_bucket = any ($2::text[])
