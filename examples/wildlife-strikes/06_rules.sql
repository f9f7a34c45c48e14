-- Everybody reads; staff (editor) and administrators record and correct strikes.

CREATE TRIGGER set_created_at_trigger BEFORE INSERT ON public.strikes
  FOR EACH ROW EXECUTE FUNCTION public.set_created_at();
CREATE TRIGGER set_updated_at_trigger BEFORE INSERT OR UPDATE ON public.strikes
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
CREATE TRIGGER validate_status_trigger BEFORE INSERT OR UPDATE ON public.strikes
  FOR EACH ROW EXECUTE FUNCTION public.validate_status_entity_type();
CREATE TRIGGER before_write_trigger BEFORE INSERT OR UPDATE ON public.strikes
  FOR EACH ROW EXECUTE FUNCTION public.strikes_before_write();

-- When staff choose the airport for an unmatched name, its strikes follow.
CREATE FUNCTION public.unmatched_airports_after_update() RETURNS TRIGGER
  LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE public.strikes SET airport_id = NEW.airport_id
  WHERE reported_airport = NEW.display_name AND state_id = NEW.state_id;
  RETURN NULL;
END $$;
CREATE TRIGGER after_update_trigger AFTER UPDATE OF airport_id ON public.unmatched_airports
  FOR EACH ROW WHEN (NEW.airport_id IS DISTINCT FROM OLD.airport_id)
  EXECUTE FUNCTION public.unmatched_airports_after_update();

DO $$
DECLARE
  name TEXT;
BEGIN
  FOREACH name IN ARRAY ARRAY['strikes', 'airports', 'unmatched_airports', 'species', 'operators',
    'aircraft_models', 'states', 'wildlife_sizes', 'flight_phases', 'times_of_day']
  LOOP
    EXECUTE format('GRANT SELECT ON public.%I TO web_anon', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON public.%I TO authenticated', name);
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY "read" ON public.%I FOR SELECT USING ((SELECT public.has_permission(%L, ''read'')))', name, name);
    EXECUTE format('CREATE POLICY "create" ON public.%I FOR INSERT WITH CHECK ((SELECT public.has_permission(%L, ''create'')))', name, name);
    EXECUTE format('CREATE POLICY "update" ON public.%I FOR UPDATE USING ((SELECT public.has_permission(%L, ''update'')))', name, name);
    EXECUTE format('CREATE POLICY "delete" ON public.%I FOR DELETE USING ((SELECT public.has_permission(%L, ''delete'')))', name, name);

    INSERT INTO metadata.permissions (table_name, permission)
    SELECT name, unnest(enum_range(NULL::metadata.permission))
    ON CONFLICT (table_name, permission) DO NOTHING;
  END LOOP;
END $$;

INSERT INTO metadata.permission_roles (permission_id, role_id)
SELECT p.id, r.id
FROM metadata.permissions p CROSS JOIN metadata.roles r
WHERE p.table_name IN ('strikes', 'airports', 'unmatched_airports', 'species', 'operators',
    'aircraft_models', 'states', 'wildlife_sizes', 'flight_phases', 'times_of_day')
  AND (r.display_name = 'admin'
    OR (r.display_name IN ('anonymous', 'user', 'editor') AND p.permission = 'read')
    OR (r.display_name = 'editor' AND p.permission IN ('create', 'update')
        AND p.table_name IN ('strikes', 'species', 'operators', 'aircraft_models'))
    OR (r.display_name = 'editor' AND p.permission = 'update' AND p.table_name = 'unmatched_airports'))
ON CONFLICT (permission_id, role_id) DO NOTHING;
