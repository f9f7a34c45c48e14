-- Names, order, labels, filters, validation and messages.

INSERT INTO metadata.entities
  (table_name, display_name, plural_name, description, sort_order, search_fields, show_map, map_property_name) VALUES
  ('strikes',            'Strike',            'Strikes',            'Reports of wildlife strikes on aircraft, 1990-2002 (US Federal Aviation Administration).', 10, '{display_name,reported_airport}', FALSE, NULL),
  ('airports',           'Airport',           'Airports',           'Airports with coordinates (US Bureau of Transportation Statistics).', 20, '{iata,display_name,city}', TRUE, 'location'),
  ('unmatched_airports', 'Unmatched airport', 'Unmatched airports', 'Airport names of strike reports that are not found in the register. Staff can choose the airport that is meant.', 30, NULL, FALSE, NULL),
  ('species',            'Species',           'Species',            'Species or group of the animal.', 40, NULL, FALSE, NULL),
  ('operators',          'Operator',          'Operators',          'Who operates the aircraft.', 50, NULL, FALSE, NULL),
  ('aircraft_models',    'Aircraft',          'Aircraft',           'Make and model as reported.', 60, NULL, FALSE, NULL),
  ('states',             'State',             'States',             'States, districts and territories.', 70, NULL, FALSE, NULL),
  ('flight_phases',      'Phase of flight',   'Phases of flight',   NULL, 80, NULL, FALSE, NULL),
  ('wildlife_sizes',     'Wildlife size',     'Wildlife sizes',     NULL, 90, NULL, FALSE, NULL),
  ('times_of_day',       'Time of day',       'Times of day',       NULL, 100, NULL, FALSE, NULL)
ON CONFLICT (table_name) DO UPDATE SET display_name = EXCLUDED.display_name, plural_name = EXCLUDED.plural_name,
  description = EXCLUDED.description, sort_order = EXCLUDED.sort_order,
  search_fields = EXCLUDED.search_fields, show_map = EXCLUDED.show_map,
  map_property_name = EXCLUDED.map_property_name;

INSERT INTO metadata.properties
  (table_name, column_name, display_name, description, sort_order, column_width, sortable, filterable,
   show_on_list, show_on_create, show_on_edit, show_on_detail) VALUES
  ('strikes', 'display_name',     'Strike',              NULL,                                    10, 2, TRUE,  FALSE, FALSE, FALSE, FALSE, FALSE),
  ('strikes', 'flight_date',      'Date',                NULL,                                    20, 1, TRUE,  TRUE,  TRUE,  TRUE,  TRUE,  TRUE),
  ('strikes', 'species_id',       'Species',             NULL,                                    30, 1, TRUE,  TRUE,  TRUE,  TRUE,  TRUE,  TRUE),
  ('strikes', 'airport_id',       'Airport',             'Empty while the reported name is not matched', 40, 1, TRUE, FALSE, TRUE, TRUE, TRUE, TRUE),
  ('strikes', 'reported_airport', 'Airport as reported', NULL,                                    50, 1, TRUE,  FALSE, FALSE, TRUE,  TRUE,  TRUE),
  ('strikes', 'state_id',         'State',               NULL,                                    60, 1, TRUE,  TRUE,  TRUE,  TRUE,  TRUE,  TRUE),
  ('strikes', 'operator_id',      'Operator',            NULL,                                    70, 1, TRUE,  TRUE,  TRUE,  TRUE,  TRUE,  TRUE),
  ('strikes', 'aircraft_id',      'Aircraft',            NULL,                                    80, 1, TRUE,  FALSE, FALSE, TRUE,  TRUE,  TRUE),
  ('strikes', 'damage_id',        'Damage',              NULL,                                    90, 1, TRUE,  TRUE,  TRUE,  TRUE,  TRUE,  TRUE),
  ('strikes', 'cost_total',       'Total cost',          'Repair and other cost together',       100, 1, TRUE,  TRUE,  TRUE,  FALSE, FALSE, TRUE),
  ('strikes', 'cost_repair',      'Cost of repair',      NULL,                                   110, 1, TRUE,  FALSE, FALSE, TRUE,  TRUE,  TRUE),
  ('strikes', 'cost_other',       'Other cost',          NULL,                                   120, 1, TRUE,  FALSE, FALSE, TRUE,  TRUE,  TRUE),
  ('strikes', 'phase_id',         'Phase of flight',     NULL,                                   130, 1, TRUE,  TRUE,  FALSE, TRUE,  TRUE,  TRUE),
  ('strikes', 'time_of_day_id',   'Time of day',         NULL,                                   140, 1, TRUE,  TRUE,  FALSE, TRUE,  TRUE,  TRUE),
  ('strikes', 'size_id',          'Size of the animal',  NULL,                                   150, 1, TRUE,  TRUE,  FALSE, TRUE,  TRUE,  TRUE),
  ('strikes', 'speed_knots',      'Speed (knots)',       'Indicated air speed',                  160, 1, TRUE,  TRUE,  FALSE, TRUE,  TRUE,  TRUE),
  ('airports', 'iata',         'Code',     NULL,  10, 1, TRUE,  FALSE, TRUE,  TRUE, TRUE, TRUE),
  ('airports', 'display_name', 'Name',     NULL,  20, 1, TRUE,  FALSE, TRUE,  TRUE, TRUE, TRUE),
  ('airports', 'city',         'City',     NULL,  30, 1, TRUE,  FALSE, TRUE,  TRUE, TRUE, TRUE),
  ('airports', 'state_id',     'State',    NULL,  40, 1, TRUE,  TRUE,  TRUE,  TRUE, TRUE, TRUE),
  ('airports', 'country',      'Country',  NULL,  50, 1, TRUE,  FALSE, FALSE, TRUE, TRUE, TRUE),
  ('airports', 'location',     'Location', NULL,  60, 2, FALSE, FALSE, FALSE, TRUE, TRUE, TRUE),
  ('unmatched_airports', 'display_name', 'Name as reported',    NULL, 10, 1, TRUE, FALSE, TRUE, FALSE, FALSE, TRUE),
  ('unmatched_airports', 'state_id',     'State',               NULL, 20, 1, TRUE, TRUE,  TRUE, FALSE, FALSE, TRUE),
  ('unmatched_airports', 'strikes',      'Strikes at loading',  NULL, 30, 1, TRUE, TRUE,  TRUE, FALSE, FALSE, TRUE),
  ('unmatched_airports', 'airport_id',   'Airport meant',       'The strikes of this name are assigned to the airport that you choose', 40, 1, TRUE, FALSE, TRUE, FALSE, TRUE, TRUE),
  ('species',         'display_name',  'Species',    NULL, 10, 1, TRUE, FALSE, TRUE, TRUE, TRUE, TRUE),
  ('species',         'is_identified', 'Identified', NULL, 20, 1, TRUE, TRUE,  TRUE, TRUE, TRUE, TRUE),
  ('operators',       'display_name',  'Operator',   NULL, 10, 1, TRUE, FALSE, TRUE, TRUE, TRUE, TRUE),
  ('aircraft_models', 'display_name',  'Aircraft',   NULL, 10, 1, TRUE, FALSE, TRUE, TRUE, TRUE, TRUE),
  ('states',          'display_name',  'State',      NULL, 10, 1, TRUE, FALSE, TRUE, TRUE, TRUE, TRUE),
  ('states',          'code',          'Code',       NULL, 20, 1, TRUE, FALSE, TRUE, TRUE, TRUE, TRUE),
  ('flight_phases',   'display_name',  'Phase',      NULL, 10, 1, TRUE, FALSE, TRUE, TRUE, TRUE, TRUE),
  ('wildlife_sizes',  'display_name',  'Size',       NULL, 10, 1, TRUE, FALSE, TRUE, TRUE, TRUE, TRUE),
  ('times_of_day',    'display_name',  'Time',       NULL, 10, 1, TRUE, FALSE, TRUE, TRUE, TRUE, TRUE)
ON CONFLICT (table_name, column_name) DO UPDATE SET display_name = EXCLUDED.display_name,
  description = EXCLUDED.description, sort_order = EXCLUDED.sort_order,
  column_width = EXCLUDED.column_width, sortable = EXCLUDED.sortable, filterable = EXCLUDED.filterable,
  show_on_list = EXCLUDED.show_on_list, show_on_create = EXCLUDED.show_on_create,
  show_on_edit = EXCLUDED.show_on_edit, show_on_detail = EXCLUDED.show_on_detail;

-- When a record was made and changed stands last on its page.
INSERT INTO metadata.properties
  (table_name, column_name, display_name, sort_order, show_on_list, show_on_create, show_on_edit, show_on_detail)
SELECT c.table_name, c.column_name, CASE c.column_name WHEN 'created_at' THEN 'Recorded' ELSE 'Last change' END,
  CASE c.column_name WHEN 'created_at' THEN 900 ELSE 910 END, FALSE, FALSE, FALSE, TRUE
FROM information_schema.columns c
JOIN metadata.entities e ON e.table_name = c.table_name
WHERE c.table_schema = 'public' AND c.column_name IN ('created_at', 'updated_at')
ON CONFLICT (table_name, column_name) DO NOTHING;

UPDATE metadata.properties SET status_entity_type = 'strike_damage'
  WHERE table_name = 'strikes' AND column_name = 'damage_id';

INSERT INTO metadata.validations
  (table_name, column_name, validation_type, validation_value, error_message, sort_order) VALUES
  ('strikes',  'flight_date',      'required', NULL,  'Please enter the date of the flight.', 1),
  ('strikes',  'reported_airport', 'required', NULL,  'Please enter the airport as it was reported.', 1),
  ('strikes',  'species_id',       'required', NULL,  'Please choose the species, or one of the unknown birds.', 1),
  ('strikes',  'speed_knots',      'min',      '0',   'The speed cannot be negative.', 1),
  ('strikes',  'speed_knots',      'max',      '700', 'The speed can be at most 700 knots.', 2),
  ('strikes',  'cost_repair',      'min',      '0',   'The cost cannot be negative.', 1),
  ('strikes',  'cost_other',       'min',      '0',   'The cost cannot be negative.', 1),
  ('airports', 'iata',             'required', NULL,  'Please enter the code.', 1),
  ('airports', 'iata',             'pattern',  '[A-Z0-9]{3,4}', 'The code has three or four capital letters or digits.', 2)
ON CONFLICT (table_name, column_name, validation_type) DO NOTHING;

INSERT INTO metadata.constraint_messages (constraint_name, table_name, column_name, error_message) VALUES
  ('strikes_speed_range', 'strikes', 'speed_knots', 'The speed must be between 0 and 700 knots.'),
  ('strikes_cost_repair_not_negative', 'strikes', 'cost_repair', 'The cost cannot be negative.'),
  ('strikes_cost_other_not_negative', 'strikes', 'cost_other', 'The cost cannot be negative.'),
  ('strikes_flight_date_plausible', 'strikes', 'flight_date', 'Nobody flew before 17 December 1903.'),
  ('airports_iata_format', 'airports', 'iata', 'The code has three or four capital letters or digits.'),
  ('airports_iata_key', 'airports', 'iata', 'Another airport has this code already.'),
  ('species_display_name_key', 'species', 'display_name', 'This species is listed already.'),
  ('operators_display_name_key', 'operators', 'display_name', 'This operator is listed already.'),
  ('aircraft_models_display_name_key', 'aircraft_models', 'display_name', 'This aircraft is listed already.')
ON CONFLICT (constraint_name) DO NOTHING;

UPDATE metadata.dashboards SET display_name = 'Wildlife strikes',
  description = 'Reports of wildlife strikes on aircraft' WHERE is_default;
UPDATE metadata.dashboard_widgets SET config = jsonb_build_object('enableHtml', FALSE, 'content',
  E'# Wildlife strikes on aircraft\n\nTen thousand reports to the US Federal Aviation Administration, 1990-2002.\n\n'
  '* [Strikes](/view/strikes)\n* [Airports](/view/airports)\n* [Airport names without a match](/view/unmatched_airports)')
WHERE dashboard_id = (SELECT id FROM metadata.dashboards WHERE is_default) AND widget_type = 'markdown';

ANALYZE public.strikes, public.airports, public.species, public.operators, public.aircraft_models;
NOTIFY pgrst, 'reload schema';
