select q.id::text
from metadata.file_upload_requests q
where q.created_at < now() - make_interval(secs => $1::float8)
order by q.created_at
limit 1000
