-- What residents are told: a mail when the status of their request changes, and lists that follow changes.

INSERT INTO metadata.notification_templates (name, description, entity_type, subject_template, html_template, text_template, sms_template)
VALUES (
  'request_status_changed',
  'To the reporter, when the status of a service request changes',
  'service_requests',
  '{{.Entity.display_name}}: {{.Entity.status}}',
  '<p>Hello {{.Entity.reporter}},</p>
<p>your request <strong>{{.Entity.display_name}}</strong> is now <strong style="color: {{.Entity.color}}">{{.Entity.status}}</strong>.</p>
<p><a href="{{.Metadata.site_url}}/view/service_requests/{{printf "%.0f" .Entity.id}}">See the request</a></p>
<p>Your town hall</p>',
  'Hello {{.Entity.reporter}},

your request "{{.Entity.display_name}}" is now: {{.Entity.status}}

{{.Metadata.site_url}}/view/service_requests/{{printf "%.0f" .Entity.id}}

Your town hall',
  'Town hall: "{{.Entity.display_name}}" is now {{.Entity.status}}'
);

CREATE FUNCTION public.tell_reporter() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = metadata, public AS $$
BEGIN
  PERFORM create_notification(
    NEW.reporter_id, 'request_status_changed', 'service_requests', NEW.id::TEXT,
    (SELECT jsonb_build_object(
       'id', NEW.id, 'display_name', NEW.display_name, 'status', s.display_name, 'color', s.color,
       'reporter', u.display_name)
     FROM metadata.statuses s, metadata.civic_os_users u
     WHERE s.id = NEW.status_id AND u.id = NEW.reporter_id));
  RETURN NULL;
END $$;

CREATE TRIGGER tell_reporter AFTER UPDATE OF status_id ON public.service_requests
FOR EACH ROW WHEN (OLD.status_id IS DISTINCT FROM NEW.status_id AND NEW.reporter_id IS NOT NULL)
EXECUTE FUNCTION public.tell_reporter();

-- Open lists and dashboards see changes of others as they happen.
SELECT metadata.watch_table('public.service_requests');
SELECT metadata.watch_table('public.work_orders');
