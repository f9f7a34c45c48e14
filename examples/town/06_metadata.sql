-- How the tables look in the application: names, order, labels, filters, validation and messages.

INSERT INTO metadata.entities
  (table_name, display_name, plural_name, description, sort_order, search_fields, show_map, map_property_name) VALUES
  ('service_requests',     'Service request', 'Service requests', 'Problems reported to the Town of Elmwood, and what became of them.', 10, '{display_name,address,description}', TRUE, 'location'),
  ('work_orders',          'Work order',      'Work orders',      'Work that a crew does for a request.', 20, '{display_name,notes}', FALSE, NULL),
  ('assets',               'Asset',           'Assets',           'Streetlights, hydrants, benches and everything else the town maintains.', 30, '{display_name,asset_number}', TRUE, 'location'),
  ('request_comments',     'Comment',         'Comments',         'What people and staff say about a request.', 40, NULL, FALSE, NULL),
  ('categories',           'Category',        'Categories',       'What a request is about, and how soon it is due.', 50, NULL, FALSE, NULL),
  ('neighbourhoods',       'Neighbourhood',   'Neighbourhoods',   'Parts of the town.', 60, NULL, FALSE, NULL),
  ('tags',                 'Tag',             'Tags',             'Short labels that staff put on requests.', 70, NULL, FALSE, NULL),
  ('asset_types',          'Asset type',      'Asset types',      'Kinds of assets.', 80, NULL, FALSE, NULL),
  ('service_request_tags', 'Request tag',     'Request tags',     'Which request carries which tag.', 90, NULL, FALSE, NULL)
ON CONFLICT (table_name) DO UPDATE SET display_name = EXCLUDED.display_name, plural_name = EXCLUDED.plural_name,
  description = EXCLUDED.description, sort_order = EXCLUDED.sort_order,
  search_fields = EXCLUDED.search_fields, show_map = EXCLUDED.show_map,
  map_property_name = EXCLUDED.map_property_name;

-- Columns left out here keep their defaults: a label made from the name, visible everywhere
-- except id, created_at, updated_at and the search column.
INSERT INTO metadata.properties
  (table_name, column_name, display_name, description, sort_order, column_width, sortable, filterable,
   show_on_list, show_on_create, show_on_edit, show_on_detail) VALUES
  -- service_requests
  ('service_requests', 'display_name',     'Title',          'What is wrong, in a few words',               10, 2, TRUE,  FALSE, TRUE,  TRUE,  TRUE,  TRUE),
  ('service_requests', 'category_id',      'Category',       NULL,                                          20, 1, TRUE,  TRUE,  TRUE,  TRUE,  TRUE,  TRUE),
  ('service_requests', 'status_id',        'Status',         NULL,                                          30, 1, TRUE,  TRUE,  TRUE,  FALSE, TRUE,  TRUE),
  ('service_requests', 'priority_id',      'Priority',       'Set by staff',                                40, 1, TRUE,  TRUE,  TRUE,  FALSE, TRUE,  TRUE),
  ('service_requests', 'neighbourhood_id', 'Neighbourhood',  NULL,                                          50, 1, TRUE,  TRUE,  TRUE,  TRUE,  TRUE,  TRUE),
  ('service_requests', 'address',          'Address',        'House number and street, or the nearest one', 60, 1, TRUE,  FALSE, FALSE, TRUE,  TRUE,  TRUE),
  ('service_requests', 'description',      'Description',    'What you saw, since when, and who is affected', 70, 2, FALSE, FALSE, FALSE, TRUE,  TRUE,  TRUE),
  ('service_requests', 'location',         'Location',       NULL,                                          80, 2, FALSE, FALSE, FALSE, TRUE,  TRUE,  TRUE),
  ('service_requests', 'photo',            'Photo',          'A picture helps to find the place',            85, 2, FALSE, FALSE, FALSE, TRUE,  TRUE,  TRUE),
  ('service_requests', 'asset_id',         'Asset',          'The lamp, drain or tree that it is about',    90, 1, TRUE,  FALSE, FALSE, FALSE, TRUE,  TRUE),
  ('service_requests', 'reporter_id',      'Reported by',    NULL,                                         100, 1, TRUE,  TRUE,  FALSE, FALSE, FALSE, TRUE),
  ('service_requests', 'assigned_to',      'Assigned to',    NULL,                                         110, 1, TRUE,  TRUE,  TRUE,  FALSE, TRUE,  TRUE),
  ('service_requests', 'due_date',         'Due',            NULL,                                         120, 1, TRUE,  TRUE,  TRUE,  FALSE, TRUE,  TRUE),
  ('service_requests', 'estimated_cost',   'Estimated cost', NULL,                                         130, 1, TRUE,  TRUE,  FALSE, FALSE, TRUE,  TRUE),
  ('service_requests', 'resolved_at',      'Resolved',       'Set when the status becomes Resolved',       140, 1, TRUE,  FALSE, FALSE, FALSE, FALSE, TRUE),
  ('service_requests', 'created_at',       'Reported',       NULL,                                         150, 1, TRUE,  TRUE,  TRUE,  FALSE, FALSE, TRUE),
  ('service_requests', 'updated_at',       'Last change',    NULL,                                         160, 1, TRUE,  FALSE, FALSE, FALSE, FALSE, TRUE),
  -- work_orders
  ('work_orders', 'display_name',       'Task',            NULL,                          10, 2, TRUE,  FALSE, TRUE,  TRUE,  TRUE,  TRUE),
  ('work_orders', 'service_request_id', 'Service request', NULL,                          20, 1, TRUE,  FALSE, TRUE,  TRUE,  TRUE,  TRUE),
  ('work_orders', 'status_id',          'Status',          NULL,                          30, 1, TRUE,  TRUE,  TRUE,  FALSE, TRUE,  TRUE),
  ('work_orders', 'assigned_to',        'Assigned to',     NULL,                          40, 1, TRUE,  TRUE,  TRUE,  TRUE,  TRUE,  TRUE),
  ('work_orders', 'scheduled_for',      'Scheduled for',   NULL,                          50, 1, TRUE,  TRUE,  TRUE,  TRUE,  TRUE,  TRUE),
  ('work_orders', 'completed_at',       'Completed',       NULL,                          60, 1, TRUE,  FALSE, FALSE, FALSE, TRUE,  TRUE),
  ('work_orders', 'hours',              'Hours',           'Hours worked, all people together', 70, 1, TRUE, TRUE, FALSE, FALSE, TRUE, TRUE),
  ('work_orders', 'cost',               'Cost',            NULL,                          80, 1, TRUE,  TRUE,  TRUE,  FALSE, TRUE,  TRUE),
  ('work_orders', 'asset_id',           'Asset',           NULL,                          90, 1, TRUE,  FALSE, FALSE, TRUE,  TRUE,  TRUE),
  ('work_orders', 'notes',              'Notes',           NULL,                         100, 2, FALSE, FALSE, FALSE, TRUE,  TRUE,  TRUE),
  -- assets
  ('assets', 'display_name',     'Name',             NULL,                                10, 2, TRUE,  FALSE, TRUE,  TRUE,  TRUE,  TRUE),
  ('assets', 'asset_number',     'Number',           'Prefix of the type and four digits, for example SL-0042', 20, 1, TRUE, FALSE, TRUE, TRUE, TRUE, TRUE),
  ('assets', 'asset_type_id',    'Type',             NULL,                                30, 1, TRUE,  TRUE,  TRUE,  TRUE,  TRUE,  TRUE),
  ('assets', 'neighbourhood_id', 'Neighbourhood',    NULL,                                40, 1, TRUE,  TRUE,  TRUE,  TRUE,  TRUE,  TRUE),
  ('assets', 'in_service',       'In service',       NULL,                                50, 1, TRUE,  TRUE,  TRUE,  TRUE,  TRUE,  TRUE),
  ('assets', 'installed_on',     'Installed',        NULL,                                60, 1, TRUE,  TRUE,  TRUE,  TRUE,  TRUE,  TRUE),
  ('assets', 'last_inspected',   'Last inspected',   NULL,                                70, 1, TRUE,  TRUE,  FALSE, TRUE,  TRUE,  TRUE),
  ('assets', 'replacement_cost', 'Replacement cost', NULL,                                80, 1, TRUE,  TRUE,  FALSE, TRUE,  TRUE,  TRUE),
  ('assets', 'location',         'Location',         NULL,                                90, 2, FALSE, FALSE, FALSE, TRUE,  TRUE,  TRUE),
  -- request_comments
  ('request_comments', 'service_request_id', 'Service request', NULL,                      10, 1, TRUE,  FALSE, TRUE,  TRUE,  FALSE, TRUE),
  ('request_comments', 'body',               'Comment',         NULL,                      20, 2, FALSE, FALSE, TRUE,  TRUE,  TRUE,  TRUE),
  ('request_comments', 'author_id',          'Written by',      NULL,                      30, 1, TRUE,  TRUE,  TRUE,  FALSE, FALSE, TRUE),
  ('request_comments', 'is_internal',        'Internal',        'Only staff see internal comments', 40, 1, TRUE, TRUE, FALSE, TRUE, TRUE, TRUE),
  ('request_comments', 'display_name',       'Summary',         NULL,                      50, 1, TRUE,  FALSE, FALSE, FALSE, FALSE, FALSE),
  ('request_comments', 'created_at',         'Written',         NULL,                      60, 1, TRUE,  FALSE, TRUE,  FALSE, FALSE, TRUE),
  -- lookups
  ('categories', 'display_name',     'Category',       NULL,                                10, 1, TRUE,  FALSE, TRUE,  TRUE,  TRUE,  TRUE),
  ('categories', 'color',            'Colour',         NULL,                                20, 1, FALSE, FALSE, TRUE,  TRUE,  TRUE,  TRUE),
  ('categories', 'response_days',    'Days to answer', 'Days until a request is due',       30, 1, TRUE,  FALSE, TRUE,  TRUE,  TRUE,  TRUE),
  ('categories', 'description',      'Description',    NULL,                                40, 2, FALSE, FALSE, TRUE,  TRUE,  TRUE,  TRUE),
  ('neighbourhoods', 'display_name', 'Neighbourhood',  NULL,                                10, 1, TRUE,  FALSE, TRUE,  TRUE,  TRUE,  TRUE),
  ('neighbourhoods', 'population',   'Population',     NULL,                                20, 1, TRUE,  FALSE, TRUE,  TRUE,  TRUE,  TRUE),
  ('neighbourhoods', 'description',  'Description',    NULL,                                30, 2, FALSE, FALSE, TRUE,  TRUE,  TRUE,  TRUE),
  ('tags', 'display_name',           'Tag',            NULL,                                10, 1, TRUE,  FALSE, TRUE,  TRUE,  TRUE,  TRUE),
  ('tags', 'color',                  'Colour',         NULL,                                20, 1, FALSE, FALSE, TRUE,  TRUE,  TRUE,  TRUE),
  ('asset_types', 'display_name',    'Asset type',     NULL,                                10, 1, TRUE,  FALSE, TRUE,  TRUE,  TRUE,  TRUE),
  ('asset_types', 'prefix',          'Prefix',         'Two or three capital letters, begins every asset number', 20, 1, TRUE, FALSE, TRUE, TRUE, TRUE, TRUE)
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

UPDATE metadata.properties SET status_entity_type = 'service_request'
  WHERE table_name = 'service_requests' AND column_name = 'status_id';
UPDATE metadata.properties SET status_entity_type = 'service_request_priority'
  WHERE table_name = 'service_requests' AND column_name = 'priority_id';
UPDATE metadata.properties SET status_entity_type = 'work_order'
  WHERE table_name = 'work_orders' AND column_name = 'status_id';

-- Checked in the browser while people type.
INSERT INTO metadata.validations
  (table_name, column_name, validation_type, validation_value, error_message, sort_order) VALUES
  ('service_requests', 'display_name',     'required',  NULL,  'Please give your request a title.', 1),
  ('service_requests', 'display_name',     'minLength', '5',   'The title needs at least 5 characters.', 2),
  ('service_requests', 'display_name',     'maxLength', '120', 'The title can have at most 120 characters.', 3),
  ('service_requests', 'category_id',      'required',  NULL,  'Please choose a category.', 1),
  ('service_requests', 'neighbourhood_id', 'required',  NULL,  'Please choose a neighbourhood.', 1),
  ('service_requests', 'description',      'maxLength', '4000', 'The description can have at most 4,000 characters.', 1),
  ('service_requests', 'photo',            'fileType',  'image/*', 'Please choose a picture.', 1),
  ('service_requests', 'photo',            'maxFileSize', '15728640', 'A picture can have at most 15 MB.', 2),
  ('service_requests', 'estimated_cost',   'min',       '0',   'The cost cannot be negative.', 1),
  ('work_orders',      'display_name',       'required',  NULL,  'Please name the task.', 1),
  ('work_orders',      'service_request_id', 'required',  NULL,  'Please choose the request that this work is for.', 1),
  ('work_orders',      'hours',              'min',       '0',   'Hours cannot be negative.', 1),
  ('work_orders',      'hours',              'max',       '400', 'More than 400 hours: please split the work order.', 2),
  ('work_orders',      'cost',               'min',       '0',   'The cost cannot be negative.', 1),
  ('assets',           'display_name',     'required',  NULL,  'Please name the asset.', 1),
  ('assets',           'asset_number',     'required',  NULL,  'Please enter the number on the plate.', 1),
  ('assets',           'asset_number',     'pattern',   '[A-Z]{2,3}-[0-9]{4}', 'The number looks like SL-0042: letters of the type, a hyphen, four digits.', 2),
  ('request_comments', 'body',             'required',  NULL,  'Please write something.', 1),
  ('categories',       'display_name',     'required',  NULL,  'Please name the category.', 1),
  ('categories',       'response_days',    'min',       '1',   'At least one day.', 1),
  ('categories',       'response_days',    'max',       '180', 'At most 180 days.', 2),
  ('neighbourhoods',   'display_name',     'required',  NULL,  'Please name the neighbourhood.', 1),
  ('tags',             'display_name',     'required',  NULL,  'Please name the tag.', 1)
ON CONFLICT (table_name, column_name, validation_type) DO NOTHING;

-- Shown when the database refuses a row.
INSERT INTO metadata.constraint_messages (constraint_name, table_name, column_name, error_message) VALUES
  ('service_requests_title_length', 'service_requests', 'display_name', 'The title needs at least 5 characters.'),
  ('service_requests_estimated_cost_not_negative', 'service_requests', 'estimated_cost', 'The cost cannot be negative.'),
  ('service_requests_due_after_report', 'service_requests', 'due_date', 'A request cannot be due before it was reported.'),
  ('service_requests_resolved_after_report', 'service_requests', 'resolved_at', 'A request cannot be resolved before it was reported.'),
  ('service_requests_staff_fields', 'service_requests', NULL, 'Status, priority, asset, assignment, due date and cost are decided by the town''s staff.'),
  ('work_orders_hours_range', 'work_orders', 'hours', 'Hours must be between 0 and 400.'),
  ('work_orders_cost_not_negative', 'work_orders', 'cost', 'The cost cannot be negative.'),
  ('work_orders_completed_after_created', 'work_orders', 'completed_at', 'Work cannot be completed before it was ordered.'),
  ('assets_asset_number_format', 'assets', 'asset_number', 'The number looks like SL-0042: letters of the type, a hyphen, four digits.'),
  ('assets_asset_number_key', 'assets', 'asset_number', 'Another asset has this number already.'),
  ('assets_inspected_after_installed', 'assets', 'last_inspected', 'An asset cannot be inspected before it was installed.'),
  ('assets_replacement_cost_not_negative', 'assets', 'replacement_cost', 'The cost cannot be negative.'),
  ('asset_types_display_name_key', 'asset_types', 'display_name', 'There is an asset type of this name already.'),
  ('asset_types_prefix_format', 'asset_types', 'prefix', 'The prefix has two or three capital letters.'),
  ('categories_display_name_key', 'categories', 'display_name', 'There is a category of this name already.'),
  ('categories_response_days_range', 'categories', 'response_days', 'The days to answer must be between 1 and 180.'),
  ('neighbourhoods_display_name_key', 'neighbourhoods', 'display_name', 'There is a neighbourhood of this name already.'),
  ('neighbourhoods_population_range', 'neighbourhoods', 'population', 'The population cannot be negative.'),
  ('tags_display_name_key', 'tags', 'display_name', 'There is a tag of this name already.'),
  ('request_comments_body_not_blank', 'request_comments', 'body', 'A comment needs some text.')
ON CONFLICT (constraint_name) DO NOTHING;

-- The start page.
UPDATE metadata.dashboards SET display_name = 'Town of Elmwood',
  description = 'Report a problem and see what becomes of it' WHERE is_default;
UPDATE metadata.dashboard_widgets SET config = jsonb_build_object('enableHtml', FALSE, 'content',
  E'# Town of Elmwood\n\nReport a pothole, a dark streetlight or a missed collection, and see what becomes of it.\n\n'
  '* [All service requests](/view/service_requests)\n* [Report a problem](/create/service_requests)')
WHERE dashboard_id = (SELECT id FROM metadata.dashboards WHERE is_default) AND widget_type = 'markdown';

ANALYZE public.service_requests, public.service_request_tags, public.work_orders, public.assets, public.request_comments;
NOTIFY pgrst, 'reload schema';
