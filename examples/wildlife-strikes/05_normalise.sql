-- From the staging tables into the application's tables. Nothing is dropped: every report becomes a
-- strike, and every airport name without a match is listed in unmatched_airports.

SET LOCAL jit = off;

INSERT INTO metadata.status_types (entity_type, description) VALUES
  ('strike_damage', 'Damage to the aircraft')
ON CONFLICT (entity_type) DO NOTHING;
-- "B" and "C" occur in fifteen reports; the source does not explain them, so they stay as they are.
INSERT INTO metadata.statuses
  (entity_type, display_name, description, color, sort_order, is_initial, is_terminal) VALUES
  ('strike_damage', 'None',        'No damage',                                    '#15803D', 1, TRUE,  FALSE),
  ('strike_damage', 'Minor',       'Repaired by simple means',                     '#CA8A04', 2, FALSE, FALSE),
  ('strike_damage', 'Medium',      'Between minor and substantial',                '#B45309', 3, FALSE, FALSE),
  ('strike_damage', 'Substantial', 'Strength or flight characteristics affected',  '#B91C1C', 4, FALSE, FALSE),
  ('strike_damage', 'B',           'As in the source, meaning not known',          '#64748B', 5, FALSE, FALSE),
  ('strike_damage', 'C',           'As in the source, meaning not known',          '#64748B', 6, FALSE, FALSE);

INSERT INTO public.states (display_name, code)
SELECT name, code FROM (VALUES
  ('Alabama','AL'), ('Alaska','AK'), ('Arizona','AZ'), ('Arkansas','AR'), ('California','CA'),
  ('Colorado','CO'), ('Connecticut','CT'), ('Delaware','DE'), ('DC','DC'), ('Florida','FL'),
  ('Georgia','GA'), ('Hawaii','HI'), ('Idaho','ID'), ('Illinois','IL'), ('Indiana','IN'),
  ('Iowa','IA'), ('Kansas','KS'), ('Kentucky','KY'), ('Louisiana','LA'), ('Maine','ME'),
  ('Maryland','MD'), ('Massachusetts','MA'), ('Michigan','MI'), ('Minnesota','MN'),
  ('Mississippi','MS'), ('Missouri','MO'), ('Montana','MT'), ('Nebraska','NE'), ('Nevada','NV'),
  ('New Hampshire','NH'), ('New Jersey','NJ'), ('New Mexico','NM'), ('New York','NY'),
  ('North Carolina','NC'), ('North Dakota','ND'), ('Ohio','OH'), ('Oklahoma','OK'), ('Oregon','OR'),
  ('Pennsylvania','PA'), ('Rhode Island','RI'), ('South Carolina','SC'), ('South Dakota','SD'),
  ('Tennessee','TN'), ('Texas','TX'), ('Utah','UT'), ('Vermont','VT'), ('Virginia','VA'),
  ('Washington','WA'), ('West Virginia','WV'), ('Wisconsin','WI'), ('Wyoming','WY'),
  ('American Samoa','AS'), ('Guam','GU'), ('Northern Mariana Islands','CQ'), ('Puerto Rico','PR'),
  ('US Virgin Islands','VI')
) AS state (name, code) ORDER BY name;

INSERT INTO public.airports (display_name, iata, city, state_id, country, location)
SELECT regexp_replace(a.name, '\s+', ' ', 'g'), a.iata, nullif(a.city, 'NA'), s.id, a.country,
  postgis.ST_SetSRID(postgis.ST_MakePoint(a.longitude::float8, a.latitude::float8), 4326)
FROM public.staging_airports a
LEFT JOIN public.states s ON s.code = a.state
ORDER BY a.iata;

INSERT INTO public.operators (display_name)
SELECT DISTINCT "Aircraft Airline Operator" FROM public.staging_strikes ORDER BY 1;

INSERT INTO public.aircraft_models (display_name)
SELECT DISTINCT "Aircraft Make Model" FROM public.staging_strikes ORDER BY 1;

INSERT INTO public.species (display_name, is_identified)
SELECT DISTINCT "Wildlife Species", "Wildlife Species" NOT LIKE 'Unknown%' FROM public.staging_strikes ORDER BY 1;

INSERT INTO public.wildlife_sizes (display_name) VALUES ('Small'), ('Medium'), ('Large');

INSERT INTO public.flight_phases (display_name)
VALUES ('Parked'), ('Taxi'), ('Take-off run'), ('Climb'), ('Descent'), ('Approach'), ('Landing Roll');

INSERT INTO public.times_of_day (display_name) VALUES ('Dawn'), ('Day'), ('Dusk'), ('Night');

-- Airport names: the same key in the same state; or, as the airports of Washington lie in Virginia,
-- a key that only one airport of the country has.
CREATE TEMPORARY TABLE airport_names ON COMMIT DROP AS
WITH reported AS (
  SELECT "Airport Name" AS name, s.id AS state_id, count(*)::int AS strikes,
    public.airport_match_key("Airport Name") AS key
  FROM public.staging_strikes r JOIN public.states s ON s.display_name = r."Origin State"
  GROUP BY 1, 2
), register AS (
  SELECT id, state_id, public.airport_match_key(display_name) AS key,
    count(*) OVER (PARTITION BY public.airport_match_key(display_name)) AS same,
    count(*) OVER (PARTITION BY public.airport_match_key(display_name), state_id) AS same_in_state
  FROM public.airports
)
SELECT r.*, coalesce(
    (SELECT g.id FROM register g WHERE g.key = r.key AND g.state_id = r.state_id AND g.same_in_state = 1),
    (SELECT g.id FROM register g WHERE g.key = r.key AND g.same = 1)) AS airport_id
FROM reported r;

INSERT INTO public.unmatched_airports (display_name, state_id, strikes)
SELECT name, state_id, strikes FROM airport_names WHERE airport_id IS NULL ORDER BY name;

-- Keeps title and search text in step with what a strike refers to.
CREATE FUNCTION public.strikes_before_write() RETURNS TRIGGER
  LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  species_name TEXT; operator_name TEXT; aircraft_name TEXT; airport_names TEXT;
BEGIN
  SELECT display_name INTO species_name FROM public.species WHERE id = NEW.species_id;
  SELECT display_name INTO operator_name FROM public.operators WHERE id = NEW.operator_id;
  SELECT display_name INTO aircraft_name FROM public.aircraft_models WHERE id = NEW.aircraft_id;
  SELECT concat_ws(' ', iata, display_name, city) INTO airport_names FROM public.airports WHERE id = NEW.airport_id;
  NEW.display_name := concat_ws(', ', species_name, initcap(NEW.reported_airport), to_char(NEW.flight_date, 'FMDD Mon YYYY'));
  NEW.civic_os_text_search := to_tsvector('english',
    concat_ws(' ', species_name, operator_name, aircraft_name, NEW.reported_airport, airport_names));
  RETURN NEW;
END $$;

INSERT INTO public.strikes (display_name, flight_date, airport_id, reported_airport, state_id, operator_id,
  aircraft_id, species_id, size_id, phase_id, time_of_day_id, damage_id, speed_knots, cost_repair, cost_other,
  civic_os_text_search)
SELECT concat_ws(', ', sp.display_name, initcap(r."Airport Name"), to_char(r."Flight Date"::date, 'FMDD Mon YYYY')),
  r."Flight Date"::date, n.airport_id, r."Airport Name", n.state_id, o.id, m.id, sp.id, z.id, p.id, t.id, d.id,
  nullif(r."Speed IAS in knots", '')::int, r."Cost Repair"::money, r."Cost Other"::money,
  to_tsvector('english', concat_ws(' ', sp.display_name, o.display_name, m.display_name, r."Airport Name",
    a.iata, a.display_name, a.city))
FROM public.staging_strikes r
JOIN public.states s ON s.display_name = r."Origin State"
JOIN airport_names n ON n.name = r."Airport Name" AND n.state_id = s.id
JOIN public.operators o ON o.display_name = r."Aircraft Airline Operator"
JOIN public.aircraft_models m ON m.display_name = r."Aircraft Make Model"
JOIN public.species sp ON sp.display_name = r."Wildlife Species"
JOIN public.wildlife_sizes z ON z.display_name = r."Wildlife Size"
JOIN public.flight_phases p ON p.display_name = r."Phase of flight"
JOIN public.times_of_day t ON t.display_name = r."Time of day"
JOIN metadata.statuses d ON d.entity_type = 'strike_damage' AND d.display_name = r."Effect Amount of damage"
LEFT JOIN public.airports a ON a.id = n.airport_id
ORDER BY r."Flight Date", r.ctid;

-- The source gives the total as well: it must be the sum that the table computes. And no report may
-- be lost on the way.
DO $$
BEGIN
  IF (SELECT count(*) FROM public.strikes) <> (SELECT count(*) FROM public.staging_strikes) THEN
    RAISE EXCEPTION 'reports were lost: % of % became strikes',
      (SELECT count(*) FROM public.strikes), (SELECT count(*) FROM public.staging_strikes);
  END IF;
  IF EXISTS (SELECT FROM public.staging_strikes
             WHERE "Cost Repair"::money + "Cost Other"::money <> "Cost Total $"::money) THEN
    RAISE EXCEPTION 'a total in the source differs from the sum of its parts';
  END IF;
END $$;

DROP TABLE public.staging_strikes, public.staging_airports;

CREATE INDEX airports_state_idx ON public.airports (state_id);
CREATE INDEX airports_search_idx ON public.airports USING gin (civic_os_text_search);
CREATE INDEX airports_location_idx ON public.airports USING gist (location);
CREATE INDEX unmatched_airports_state_idx ON public.unmatched_airports (state_id);
CREATE INDEX unmatched_airports_airport_idx ON public.unmatched_airports (airport_id);
CREATE INDEX strikes_date_idx ON public.strikes (flight_date);
CREATE INDEX strikes_airport_idx ON public.strikes (airport_id);
CREATE INDEX strikes_reported_airport_idx ON public.strikes (reported_airport);
CREATE INDEX strikes_state_idx ON public.strikes (state_id);
CREATE INDEX strikes_operator_idx ON public.strikes (operator_id);
CREATE INDEX strikes_aircraft_idx ON public.strikes (aircraft_id);
CREATE INDEX strikes_species_idx ON public.strikes (species_id);
CREATE INDEX strikes_size_idx ON public.strikes (size_id);
CREATE INDEX strikes_phase_idx ON public.strikes (phase_id);
CREATE INDEX strikes_time_of_day_idx ON public.strikes (time_of_day_id);
CREATE INDEX strikes_damage_idx ON public.strikes (damage_id);
CREATE INDEX strikes_cost_idx ON public.strikes (cost_total);
CREATE INDEX strikes_search_idx ON public.strikes USING gin (civic_os_text_search);
