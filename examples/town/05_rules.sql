-- Triggers, grants, row security and permissions.
--
-- Who may do what:
--   anonymous  reads requests, assets and the small tables; never a person's full name, e-mail or
--              phone (the view civic_os_users sees to that)
--   user       a resident: reads also work orders and public comments; reports requests and
--              comments; changes only own requests, and only while they are open
--   editor     staff: works on all requests, work orders, assets, comments and tags
--   admin      keeps categories, neighbourhoods, asset types and tags, and may delete
--
-- "service_requests_all" is not a table: it is the right to change requests of other people.

CREATE TRIGGER set_created_at_trigger BEFORE INSERT ON public.categories
  FOR EACH ROW EXECUTE FUNCTION public.set_created_at();
CREATE TRIGGER set_updated_at_trigger BEFORE INSERT OR UPDATE ON public.categories
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
CREATE TRIGGER set_created_at_trigger BEFORE INSERT ON public.neighbourhoods
  FOR EACH ROW EXECUTE FUNCTION public.set_created_at();
CREATE TRIGGER set_updated_at_trigger BEFORE INSERT OR UPDATE ON public.neighbourhoods
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
CREATE TRIGGER set_created_at_trigger BEFORE INSERT ON public.asset_types
  FOR EACH ROW EXECUTE FUNCTION public.set_created_at();
CREATE TRIGGER set_updated_at_trigger BEFORE INSERT OR UPDATE ON public.asset_types
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
CREATE TRIGGER set_created_at_trigger BEFORE INSERT ON public.assets
  FOR EACH ROW EXECUTE FUNCTION public.set_created_at();
CREATE TRIGGER set_updated_at_trigger BEFORE INSERT OR UPDATE ON public.assets
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
CREATE TRIGGER set_created_at_trigger BEFORE INSERT ON public.tags
  FOR EACH ROW EXECUTE FUNCTION public.set_created_at();
CREATE TRIGGER set_updated_at_trigger BEFORE INSERT OR UPDATE ON public.tags
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
CREATE TRIGGER set_created_at_trigger BEFORE INSERT ON public.service_requests
  FOR EACH ROW EXECUTE FUNCTION public.set_created_at();
CREATE TRIGGER set_updated_at_trigger BEFORE INSERT OR UPDATE ON public.service_requests
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
CREATE TRIGGER set_created_at_trigger BEFORE INSERT ON public.service_request_tags
  FOR EACH ROW EXECUTE FUNCTION public.set_created_at();
CREATE TRIGGER set_created_at_trigger BEFORE INSERT ON public.work_orders
  FOR EACH ROW EXECUTE FUNCTION public.set_created_at();
CREATE TRIGGER set_updated_at_trigger BEFORE INSERT OR UPDATE ON public.work_orders
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
CREATE TRIGGER set_created_at_trigger BEFORE INSERT ON public.request_comments
  FOR EACH ROW EXECUTE FUNCTION public.set_created_at();
CREATE TRIGGER set_updated_at_trigger BEFORE INSERT OR UPDATE ON public.request_comments
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

-- A status belongs to the category that its column names in metadata.properties.
CREATE TRIGGER validate_status_trigger BEFORE INSERT OR UPDATE ON public.service_requests
  FOR EACH ROW EXECUTE FUNCTION public.validate_status_entity_type();
CREATE TRIGGER validate_status_trigger BEFORE INSERT OR UPDATE ON public.work_orders
  FOR EACH ROW EXECUTE FUNCTION public.validate_status_entity_type();

-- Residents describe their problem; staff decide about status, priority, people, dates and money.
-- Refusals name a constraint, so that the application shows its message from
-- metadata.constraint_messages.
CREATE FUNCTION public.service_requests_before_write() RETURNS TRIGGER
  LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  staff BOOLEAN := public.has_permission('service_requests_all', 'update')
                   -- No claims: the owner of the database, or a job.
                   OR coalesce(current_setting('request.jwt.claims', TRUE), '') = '';
BEGIN
  IF TG_OP = 'INSERT' THEN
    -- Clients may send an explicit null where they mean "the default".
    NEW.status_id := coalesce(NEW.status_id, public.get_initial_status('service_request'));
    NEW.priority_id := coalesce(NEW.priority_id, public.get_initial_status('service_request_priority'));
    NEW.reporter_id := coalesce(NEW.reporter_id, public.current_user_id());
    IF NOT staff AND (NEW.status_id <> public.get_initial_status('service_request')
        OR NEW.priority_id <> public.get_initial_status('service_request_priority')
        OR NEW.assigned_to IS NOT NULL OR NEW.due_date IS NOT NULL
        OR NEW.estimated_cost IS NOT NULL OR NEW.resolved_at IS NOT NULL) THEN
      RAISE EXCEPTION 'new row for relation "service_requests" violates check constraint "service_requests_staff_fields"'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'service_requests_staff_fields';
    END IF;
  ELSIF NOT staff AND (NEW.status_id, NEW.priority_id, NEW.reporter_id, NEW.assigned_to, NEW.due_date,
                       NEW.estimated_cost, NEW.resolved_at, NEW.asset_id)
        IS DISTINCT FROM (OLD.status_id, OLD.priority_id, OLD.reporter_id, OLD.assigned_to, OLD.due_date,
                          OLD.estimated_cost, OLD.resolved_at, OLD.asset_id) THEN
    RAISE EXCEPTION 'new row for relation "service_requests" violates check constraint "service_requests_staff_fields"'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'service_requests_staff_fields';
  END IF;
  -- The moment of resolution follows the status.
  IF TG_OP = 'UPDATE' AND NEW.status_id <> OLD.status_id THEN
    IF NEW.status_id IN (SELECT id FROM metadata.statuses
                         WHERE entity_type = 'service_request' AND display_name IN ('Resolved', 'Closed')) THEN
      NEW.resolved_at := coalesce(NEW.resolved_at, now());
    ELSE
      NEW.resolved_at := NULL;
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER before_write_trigger BEFORE INSERT OR UPDATE ON public.service_requests
  FOR EACH ROW EXECUTE FUNCTION public.service_requests_before_write();

-- Comments belong to whoever writes them.
CREATE FUNCTION public.request_comments_before_insert() RETURNS TRIGGER
  LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  NEW.author_id := coalesce(public.current_user_id(), NEW.author_id);
  NEW.is_internal := coalesce(NEW.is_internal, FALSE);
  RETURN NEW;
END $$;
CREATE TRIGGER before_insert_trigger BEFORE INSERT ON public.request_comments
  FOR EACH ROW EXECUTE FUNCTION public.request_comments_before_insert();

-- Open: not resolved, not closed, not declined.
CREATE FUNCTION public.is_open_request(p_status_id INTEGER) RETURNS BOOLEAN
  LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM metadata.statuses
    WHERE id = p_status_id AND entity_type = 'service_request'
      AND display_name NOT IN ('Resolved', 'Closed', 'Declined'))
$$;

-- Table privileges. Row security below decides about the rows.
-- Whoever reads requests needs SELECT on everything that a request refers to: the lists and pages
-- fetch the names of related records in the same query.
GRANT SELECT ON public.categories, public.neighbourhoods, public.asset_types, public.assets,
  public.tags, public.service_requests, public.service_request_tags TO web_anon;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.categories, public.neighbourhoods, public.asset_types,
  public.assets, public.tags, public.service_requests, public.service_request_tags,
  public.work_orders, public.request_comments TO authenticated;

ALTER TABLE public.categories ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.neighbourhoods ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.asset_types ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.assets ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.tags ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.service_requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.service_request_tags ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.work_orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.request_comments ENABLE ROW LEVEL SECURITY;

-- "(SELECT f())" is evaluated once for a statement, "f()" once for every row.
-- The tables whose rows all follow the permission of their table:
CREATE POLICY "read" ON public.categories FOR SELECT USING ((SELECT public.has_permission('categories', 'read')));
CREATE POLICY "create" ON public.categories FOR INSERT WITH CHECK ((SELECT public.has_permission('categories', 'create')));
CREATE POLICY "update" ON public.categories FOR UPDATE USING ((SELECT public.has_permission('categories', 'update')));
CREATE POLICY "delete" ON public.categories FOR DELETE USING ((SELECT public.has_permission('categories', 'delete')));

CREATE POLICY "read" ON public.neighbourhoods FOR SELECT USING ((SELECT public.has_permission('neighbourhoods', 'read')));
CREATE POLICY "create" ON public.neighbourhoods FOR INSERT WITH CHECK ((SELECT public.has_permission('neighbourhoods', 'create')));
CREATE POLICY "update" ON public.neighbourhoods FOR UPDATE USING ((SELECT public.has_permission('neighbourhoods', 'update')));
CREATE POLICY "delete" ON public.neighbourhoods FOR DELETE USING ((SELECT public.has_permission('neighbourhoods', 'delete')));

CREATE POLICY "read" ON public.asset_types FOR SELECT USING ((SELECT public.has_permission('asset_types', 'read')));
CREATE POLICY "create" ON public.asset_types FOR INSERT WITH CHECK ((SELECT public.has_permission('asset_types', 'create')));
CREATE POLICY "update" ON public.asset_types FOR UPDATE USING ((SELECT public.has_permission('asset_types', 'update')));
CREATE POLICY "delete" ON public.asset_types FOR DELETE USING ((SELECT public.has_permission('asset_types', 'delete')));

CREATE POLICY "read" ON public.assets FOR SELECT USING ((SELECT public.has_permission('assets', 'read')));
CREATE POLICY "create" ON public.assets FOR INSERT WITH CHECK ((SELECT public.has_permission('assets', 'create')));
CREATE POLICY "update" ON public.assets FOR UPDATE USING ((SELECT public.has_permission('assets', 'update')));
CREATE POLICY "delete" ON public.assets FOR DELETE USING ((SELECT public.has_permission('assets', 'delete')));

CREATE POLICY "read" ON public.tags FOR SELECT USING ((SELECT public.has_permission('tags', 'read')));
CREATE POLICY "create" ON public.tags FOR INSERT WITH CHECK ((SELECT public.has_permission('tags', 'create')));
CREATE POLICY "update" ON public.tags FOR UPDATE USING ((SELECT public.has_permission('tags', 'update')));
CREATE POLICY "delete" ON public.tags FOR DELETE USING ((SELECT public.has_permission('tags', 'delete')));

CREATE POLICY "read" ON public.service_request_tags FOR SELECT USING ((SELECT public.has_permission('service_request_tags', 'read')));
CREATE POLICY "create" ON public.service_request_tags FOR INSERT WITH CHECK ((SELECT public.has_permission('service_request_tags', 'create')));
CREATE POLICY "delete" ON public.service_request_tags FOR DELETE USING ((SELECT public.has_permission('service_request_tags', 'delete')));

CREATE POLICY "read" ON public.work_orders FOR SELECT USING ((SELECT public.has_permission('work_orders', 'read')));
CREATE POLICY "create" ON public.work_orders FOR INSERT WITH CHECK ((SELECT public.has_permission('work_orders', 'create')));
CREATE POLICY "update" ON public.work_orders FOR UPDATE USING ((SELECT public.has_permission('work_orders', 'update')));
CREATE POLICY "delete" ON public.work_orders FOR DELETE USING ((SELECT public.has_permission('work_orders', 'delete')));

-- Requests: everybody sees all; residents change their own while open.
CREATE POLICY "read" ON public.service_requests FOR SELECT
  USING ((SELECT public.has_permission('service_requests', 'read')));
CREATE POLICY "create" ON public.service_requests FOR INSERT
  WITH CHECK ((SELECT public.has_permission('service_requests', 'create'))
    AND (reporter_id = (SELECT public.current_user_id())
         OR (SELECT public.has_permission('service_requests_all', 'update'))));
CREATE POLICY "update own" ON public.service_requests FOR UPDATE
  USING ((SELECT public.has_permission('service_requests', 'update'))
    AND reporter_id = (SELECT public.current_user_id()) AND public.is_open_request(status_id));
CREATE POLICY "update all" ON public.service_requests FOR UPDATE
  USING ((SELECT public.has_permission('service_requests_all', 'update')));
CREATE POLICY "delete" ON public.service_requests FOR DELETE
  USING ((SELECT public.has_permission('service_requests', 'delete')));

-- Comments: internal ones are for staff; people change and delete their own.
CREATE POLICY "read" ON public.request_comments FOR SELECT
  USING ((SELECT public.has_permission('request_comments', 'read'))
    AND (NOT is_internal OR (SELECT public.has_permission('service_requests_all', 'update'))));
CREATE POLICY "create" ON public.request_comments FOR INSERT
  WITH CHECK ((SELECT public.has_permission('request_comments', 'create'))
    AND (NOT is_internal OR (SELECT public.has_permission('service_requests_all', 'update'))));
CREATE POLICY "update own" ON public.request_comments FOR UPDATE
  USING ((SELECT public.has_permission('request_comments', 'update'))
    AND author_id = (SELECT public.current_user_id()));
CREATE POLICY "delete" ON public.request_comments FOR DELETE
  USING ((SELECT public.has_permission('request_comments', 'delete'))
    AND (author_id = (SELECT public.current_user_id())
         OR (SELECT public.has_permission('service_requests_all', 'update'))));

-- The permissions that the policies ask for, and which role has them.
CREATE TEMPORARY TABLE town_rights ON COMMIT DROP AS
SELECT * FROM (VALUES
  ('anonymous', 'categories',           '{read}'::text[]),
  ('anonymous', 'neighbourhoods',       '{read}'),
  ('anonymous', 'tags',                 '{read}'),
  ('anonymous', 'asset_types',          '{read}'),
  ('anonymous', 'assets',               '{read}'),
  ('anonymous', 'service_requests',     '{read}'),
  ('anonymous', 'service_request_tags', '{read}'),
  ('user',      'categories',           '{read}'),
  ('user',      'neighbourhoods',       '{read}'),
  ('user',      'tags',                 '{read}'),
  ('user',      'asset_types',          '{read}'),
  ('user',      'assets',               '{read}'),
  ('user',      'service_requests',     '{create,read,update}'),
  ('user',      'service_request_tags', '{read}'),
  ('user',      'work_orders',          '{read}'),
  ('user',      'request_comments',     '{create,read,update,delete}'),
  ('editor',    'categories',           '{read}'),
  ('editor',    'neighbourhoods',       '{read}'),
  ('editor',    'asset_types',          '{read}'),
  ('editor',    'tags',                 '{create,read,update}'),
  ('editor',    'assets',               '{create,read,update}'),
  ('editor',    'service_requests',     '{create,read,update}'),
  ('editor',    'service_requests_all', '{update}'),
  ('editor',    'service_request_tags', '{create,read,delete}'),
  ('editor',    'work_orders',          '{create,read,update}'),
  ('editor',    'request_comments',     '{create,read,update,delete}'),
  ('admin',     'categories',           '{create,read,update,delete}'),
  ('admin',     'neighbourhoods',       '{create,read,update,delete}'),
  ('admin',     'asset_types',          '{create,read,update,delete}'),
  ('admin',     'tags',                 '{create,read,update,delete}'),
  ('admin',     'assets',               '{create,read,update,delete}'),
  ('admin',     'service_requests',     '{create,read,update,delete}'),
  ('admin',     'service_requests_all', '{update}'),
  ('admin',     'service_request_tags', '{create,read,delete}'),
  ('admin',     'work_orders',          '{create,read,update,delete}'),
  ('admin',     'request_comments',     '{create,read,update,delete}')
) AS rights (role, table_name, permissions);

INSERT INTO metadata.permissions (table_name, permission)
SELECT DISTINCT table_name, unnest(permissions)::metadata.permission FROM town_rights
ON CONFLICT (table_name, permission) DO NOTHING;

INSERT INTO metadata.permission_roles (permission_id, role_id)
SELECT p.id, r.id
FROM town_rights t
CROSS JOIN LATERAL unnest(t.permissions) AS word
JOIN metadata.permissions p ON p.table_name = t.table_name AND p.permission::text = word
JOIN metadata.roles r ON r.display_name = t.role
ON CONFLICT (permission_id, role_id) DO NOTHING;
