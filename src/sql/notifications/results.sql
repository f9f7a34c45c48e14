-- The results of a check or a preview, replacing those of an earlier attempt. $1 request, $2 [{"part", "valid", "message"}].
-- Called by notifications::store.
with old as (
  delete from metadata.template_part_validation_results p where p.validation_id = $1::uuid
),
request as (
  update metadata.template_validation_results r
  set status = 'completed', completed_at = now()
  where r.id = $1::uuid
  returning r.id
)
insert into metadata.template_part_validation_results (validation_id, part_name, valid, error_message)
select request.id, part.part, part.valid, part.message
from request, jsonb_to_recordset($2::jsonb) as part (part text, valid boolean, message text)
