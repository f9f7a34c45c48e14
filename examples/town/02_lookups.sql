-- Statuses, priorities and the small tables that an administrator keeps.

INSERT INTO metadata.status_types (entity_type, description) VALUES
  ('service_request', 'Where a service request stands'),
  ('service_request_priority', 'How urgent a service request is'),
  ('work_order', 'Where a work order stands')
ON CONFLICT (entity_type) DO NOTHING;

INSERT INTO metadata.statuses
  (entity_type, display_name, description, color, sort_order, is_initial, is_terminal) VALUES
  ('service_request', 'New',         'Reported, not looked at yet',              '#2563EB', 1, TRUE,  FALSE),
  ('service_request', 'Triaged',     'Checked, with a priority and a due date',  '#7C3AED', 2, FALSE, FALSE),
  ('service_request', 'In progress', 'Somebody is working on it',                '#B45309', 3, FALSE, FALSE),
  ('service_request', 'On hold',     'Waits for weather, parts or another body', '#64748B', 4, FALSE, FALSE),
  ('service_request', 'Resolved',    'The work is done',                         '#15803D', 5, FALSE, FALSE),
  ('service_request', 'Closed',      'Resolved and not disputed for 30 days',    '#374151', 6, FALSE, TRUE),
  ('service_request', 'Declined',    'Not a matter for the town, or a repeat',   '#9F1239', 7, FALSE, TRUE),
  ('service_request_priority', 'Low',    'When a crew is nearby',        '#64748B', 1, FALSE, FALSE),
  ('service_request_priority', 'Normal', 'Within the usual time',        '#2563EB', 2, TRUE,  FALSE),
  ('service_request_priority', 'High',   'Before everything usual',      '#B45309', 3, FALSE, FALSE),
  ('service_request_priority', 'Urgent', 'Danger to people or property', '#B91C1C', 4, FALSE, FALSE),
  ('work_order', 'Planned',   'Not started',               '#2563EB', 1, TRUE,  FALSE),
  ('work_order', 'Under way', 'A crew is on it',           '#B45309', 2, FALSE, FALSE),
  ('work_order', 'Done',      'Finished and signed off',   '#15803D', 3, FALSE, TRUE),
  ('work_order', 'Cancelled', 'Not needed after all',      '#64748B', 4, FALSE, TRUE);

INSERT INTO public.categories (id, display_name, description, color, response_days) VALUES
  ( 1, 'Potholes and road surface', 'Holes, cracks, sunken or loose road surface',          '#B45309', 14),
  ( 2, 'Street lighting',           'Lamps that are out, flicker or burn all day',          '#CA8A04', 10),
  ( 3, 'Waste and recycling',       'Missed collections, overflowing bins, dumped rubbish', '#15803D',  5),
  ( 4, 'Trees and parks',           'Branches, fallen trees, playgrounds and lawns',        '#166534', 21),
  ( 5, 'Sidewalks and paths',       'Trip hazards, missing curb ramps, broken slabs',       '#7C3AED', 30),
  ( 6, 'Water and drains',          'Blocked drains, leaks, hydrants, standing water',      '#0369A1',  7),
  ( 7, 'Signs and signals',         'Traffic lights, signs and road markings',              '#B91C1C',  7),
  ( 8, 'Graffiti and vandalism',    'Paint and damage on public property',                  '#BE185D', 14),
  ( 9, 'Snow and ice',              'Unploughed streets, ice on paths and steps',           '#0E7490',  2),
  (10, 'Noise and nuisance',        'Repeated noise, smells, burning',                      '#9333EA', 14),
  (11, 'Abandoned vehicles',        'Vehicles left on public ground',                       '#475569', 21),
  (12, 'Other',                     'Anything else',                                        '#64748B', 21);

INSERT INTO public.neighbourhoods (id, display_name, description, population) VALUES
  (1, 'Old Town',        'Market square, town hall and the streets around them', 3120),
  (2, 'Riverside',       'Between the river and the railway',                    2740),
  (3, 'Mill District',   'Former mills, now workshops and flats',                1980),
  (4, 'North End',       'Family houses along Prospect Avenue',                  4360),
  (5, 'Oak Hill',        'The hill with the water tower and the hospital',       2210),
  (6, 'Station Quarter', 'Around the station and the bus depot',                 2590),
  (7, 'Lakeview',        'Newer streets at the lake',                            1740),
  (8, 'Southgate',       'Shops, schools and the industrial park',               3480);

INSERT INTO public.asset_types (id, display_name, prefix) VALUES
  (1, 'Streetlight',    'SL'),
  (2, 'Fire hydrant',   'FH'),
  (3, 'Bench',          'BN'),
  (4, 'Playground',     'PG'),
  (5, 'Traffic signal', 'TS'),
  (6, 'Storm drain',    'SD'),
  (7, 'Bus shelter',    'BS'),
  (8, 'Street tree',    'TR');

INSERT INTO public.tags (id, display_name, color) VALUES
  (1, 'Repeat problem',    '#B91C1C'),
  (2, 'School route',      '#B45309'),
  (3, 'Accessibility',     '#7C3AED'),
  (4, 'Storm damage',      '#0369A1'),
  (5, 'Needs site visit',  '#CA8A04'),
  (6, 'Contractor',        '#475569'),
  (7, 'Warranty',          '#15803D'),
  (8, 'Photo received',    '#0E7490');

-- The identity columns go on behind the rows above.
SELECT setval(pg_get_serial_sequence('public.categories', 'id'), 12);
SELECT setval(pg_get_serial_sequence('public.neighbourhoods', 'id'), 8);
SELECT setval(pg_get_serial_sequence('public.asset_types', 'id'), 8);
SELECT setval(pg_get_serial_sequence('public.tags', 'id'), 8);
