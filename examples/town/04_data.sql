-- Two years of invented but plausible work: 400 assets, 5,000 requests, 1,200 work orders,
-- comments and tags.
--
-- The rows are the same at every load apart from the dates, which count back from the day of
-- loading so that a demonstration never looks abandoned. "Chance" is a hash of a name and a
-- number. The triggers of 05_rules.sql come later: they would stamp every row with today.

-- The statements are few and large; compiling them costs more than it saves.
SET LOCAL jit = off;

CREATE FUNCTION pg_temp.chance(name text, n bigint) RETURNS double precision
  LANGUAGE sql IMMUTABLE AS
$$ SELECT ('x' || left(md5(name || ':' || n), 8))::bit(32)::bigint / 4294967296.0 $$;

CREATE FUNCTION pg_temp.choose(choices text[], name text, n bigint) RETURNS text
  LANGUAGE sql IMMUTABLE AS
$$ SELECT choices[1 + floor(pg_temp.chance(name, n) * cardinality(choices))::int] $$;

CREATE FUNCTION pg_temp.person(n int) RETURNS uuid
  LANGUAGE sql IMMUTABLE AS $$ SELECT md5('town of elmwood, person ' || n)::uuid $$;

-- Every neighbourhood owns a part of the line from 0 to 1, as long as its weight.
CREATE TEMPORARY TABLE town_areas ON COMMIT DROP AS
SELECT *, (sum(weight) OVER (ORDER BY neighbourhood_id) - weight) / sum(weight) OVER () AS low,
  sum(weight) OVER (ORDER BY neighbourhood_id) / sum(weight) OVER () AS high
FROM (VALUES
  (1, -92.1520, 44.7800, 17.0, '{Market Square,Church Street,Bakers Row,Town Hall Street,Well Street,Clock Lane}'::text[]),
  (2, -92.1580, 44.7760, 13.0, '{River Road,Ferry Street,Willow Walk,Bridge Street,Heron Lane}'),
  (3, -92.1465, 44.7745, 10.0, '{Mill Lane,Loom Street,Foundry Street,Canal Street,Weavers Yard}'),
  (4, -92.1500, 44.7875, 19.0, '{Prospect Avenue,Birch Street,Chestnut Street,Hazel Court,Juniper Road,North Street}'),
  (5, -92.1395, 44.7835, 10.0, '{Oak Hill Road,Hospital Drive,Tower Street,Acorn Way}'),
  (6, -92.1605, 44.7825, 12.0, '{Station Road,Depot Street,Railway Terrace,Signal Street,Platform Lane}'),
  (7, -92.1675, 44.7880,  7.0, '{Lakeview Drive,Shore Road,Pelican Court,Sunset Street}'),
  (8, -92.1540, 44.7690, 12.0, '{Southgate Avenue,College Street,Orchard Road,Industrial Way,Commerce Street}')
) AS area (neighbourhood_id, longitude, latitude, weight, streets);

-- Assets -------------------------------------------------------------------------------------

INSERT INTO public.assets (id, display_name, asset_number, asset_type_id, neighbourhood_id,
  location, installed_on, last_inspected, replacement_cost, in_service, created_at, updated_at)
SELECT n, t.display_name || ' ' || number || ', ' || street, number, t.id, a.neighbourhood_id,
  postgis.ST_SetSRID(postgis.ST_MakePoint(
    round((a.longitude + (pg_temp.chance('asset east', n) - 0.5) * 0.008)::numeric, 6)::float8,
    round((a.latitude + (pg_temp.chance('asset north', n) - 0.5) * 0.006)::numeric, 6)::float8), 4326),
  installed, current_date - (20 + floor(pg_temp.chance('inspected', n) * 500))::int,
  (base_cost * (0.8 + 0.4 * pg_temp.chance('replacement', n)))::numeric(10, 0)::money,
  pg_temp.chance('in service', n) > 0.03,
  now() - interval '2 years 40 days', now() - interval '2 years 40 days'
FROM (
  SELECT row_number() OVER (ORDER BY kind, k) AS n, kind, base_cost, k
  FROM (VALUES (1, 140, 2400), (2, 40, 5200), (3, 30, 900), (4, 12, 38000), (5, 15, 61000),
               (6, 60, 3100), (7, 13, 9800), (8, 90, 650)) AS amount (kind, amount, base_cost),
       LATERAL generate_series(1, amount) AS k
) AS item
JOIN public.asset_types t ON t.id = item.kind
JOIN town_areas a ON pg_temp.chance('asset area', n) >= a.low AND pg_temp.chance('asset area', n) < a.high
CROSS JOIN LATERAL (SELECT pg_temp.choose(a.streets, 'asset street', n) AS street,
  t.prefix || '-' || lpad(k::text, 4, '0') AS number,
  current_date - (600 + floor(pg_temp.chance('installed', n) * 9000))::int AS installed) AS detail;

-- Requests -----------------------------------------------------------------------------------

-- What people write: titles, and for each title what fits it. {street} and {place} are replaced.
CREATE TEMPORARY TABLE town_subjects ON COMMIT DROP AS
SELECT category_id, row_number() OVER (PARTITION BY category_id ORDER BY title) AS k,
  count(*) OVER (PARTITION BY category_id) AS subjects, title, string_to_array(openings, '|') AS openings
FROM (VALUES
  (1, 'Deep pothole on {street}',
    'The hole is about as wide as a dinner plate and deep enough to hit the rim.|It is right where bicycles ride, and you only see it late when it rains.|Cars swerve into the other lane to avoid it.'),
  (1, 'Pothole near {place}',
    'It has grown a lot since the frost.|The patch from last year has come out again.|Two wheels have been damaged this week that I know of.'),
  (1, 'Pothole at the corner of {street}',
    'It is on the inside of the bend.|The school bus goes over it twice a day.|Everybody brakes there suddenly.'),
  (1, 'Road surface breaking up on {street}',
    'The edge of the road has broken away over several yards.|The top layer comes off in pieces.|Stones fly up against the parked cars.'),
  (1, 'Sunken manhole cover on {street}',
    'The surface has sunk around the cover and rattles with every car.|The cover lies a hand lower than the road.|At night the noise wakes the whole house.'),
  (1, 'Long crack across {street}',
    'The crack goes from one side to the other and is two fingers wide.|Grass grows out of it.|Water stands in it and freezes.'),
  (1, 'Loose gravel after patching on {street}',
    'The gravel from the repair has never been swept up.|A cyclist has slipped on it.|It lies right at the crossing.'),
  (2, 'Streetlight out on {street}',
    'The lamp has been dark for several nights.|It is the only lamp between the two corners.|It went out in the storm and has not come back.'),
  (2, 'Lamp flickers outside {place}',
    'It flickers every few seconds and goes out after midnight.|It hums and flickers, worst when it is wet.'),
  (2, 'Lights burn all day on {street}',
    'The lamps stay on in bright sunshine.|They have been on day and night since the work on the cable.'),
  (2, 'Three lamps dark on {street}',
    'Every second lamp is out.|The whole end of the street is dark.'),
  (2, 'Lamp post leaning on {street}',
    'The post leans towards the road since somebody backed into it.|The foot of the post is rusted through.'),
  (2, 'Dark crossing near {place}',
    'Drivers cannot see who waits there.|The lamp over the crossing is broken.'),
  (3, 'Missed collection on {street}',
    'The whole street was left out on the usual day.|The bins were out before six as always.|Only the even side was collected.'),
  (3, 'Overflowing bin at {place}',
    'The bin is full and rubbish blows across the sidewalk.|The lid no longer closes, and crows pull everything out.'),
  (3, 'Dumped mattress on {street}',
    'Somebody has left a mattress and two chairs.|It is soaked through by now.'),
  (3, 'Recycling not collected on {street}',
    'The blue bins have been standing there since Monday.|The truck drove past without stopping.'),
  (3, 'Rubbish bags dumped behind {place}',
    'Bags have been lying there since the weekend.|About twenty bags, some of them torn.'),
  (3, 'Broken recycling bin on {street}',
    'The lid is gone.|One wheel has come off and it cannot be moved.'),
  (3, 'Glass container full at {place}',
    'The bottles stand beside it in crates.|There are splinters all around.'),
  (4, 'Fallen branch on {street}',
    'A large branch lies across the sidewalk.|It hangs in the telephone line.'),
  (4, 'Swing broken at the playground near {place}',
    'The chain of the swing has come off on one side.|The seat is split.'),
  (4, 'Tree leaning over {street}',
    'The tree has leaned more since the last storm.|The ground has lifted on one side.'),
  (4, 'Grass not cut at {place}',
    'The grass is knee high along the path.|It has not been cut this year.'),
  (4, 'Dead tree on {street}',
    'The bark comes off and nothing has grown this year.|Branches drop with every wind.'),
  (4, 'Hedge blocks the view on {street}',
    'You cannot see the traffic from the side street.|The hedge covers half of the sidewalk.'),
  (4, 'Bench slats missing near {place}',
    'Two slats are missing and a nail sticks out.|Nobody can sit there any more.'),
  (5, 'Raised slab on {street}',
    'One slab stands up by more than an inch.|My mother fell there last week.'),
  (5, 'Missing curb ramp near {place}',
    'There is no ramp on the north side, only on the south.|With a wheelchair you have to use the road.'),
  (5, 'Path washed out behind {place}',
    'The gravel has been washed into the grass.|A channel as deep as a hand runs along the path.'),
  (5, 'Tree roots lift the sidewalk on {street}',
    'Roots have lifted the sidewalk along several yards.|The slabs tilt towards the road.'),
  (5, 'Broken steps at {place}',
    'The second step is cracked right through.|One step is missing a corner.'),
  (5, 'Handrail loose at {place}',
    'The rail moves when you hold on to it.|The lower bracket has come out of the wall.'),
  (6, 'Blocked drain on {street}',
    'The drain has been blocked since the leaves came down.|Cars splash everybody at the bus stop.'),
  (6, 'Water running down {street}',
    'Water comes up between the paving stones day and night.|It started yesterday and runs into our cellar.'),
  (6, 'Hydrant leaking near {place}',
    'The hydrant drips and has made a puddle.|It has leaked since the fire drill.'),
  (6, 'Standing water at {place}',
    'After every rain the water stands for two days.|You cannot get to the door with dry feet.'),
  (6, 'Drain cover missing on {street}',
    'The cover is gone, and somebody has put a cone over the hole.|The hole is open since the night.'),
  (6, 'Ditch overflows behind {street}',
    'The ditch is full of branches.|The water reaches the gardens.'),
  (7, 'Stop sign missing on {street}',
    'The sign lies in the bushes.|Only the post is left.'),
  (7, 'Traffic light stuck at {place}',
    'The light stays red for the side street for many minutes.|It has blinked yellow since the power cut.'),
  (7, 'Crossing button does not work near {place}',
    'The button lights up, but the signal never changes.|The button is pushed in and stays there.'),
  (7, 'Road markings worn off on {street}',
    'The markings can no longer be seen in the rain.|Nobody knows where the lane ends.'),
  (7, 'Street name sign turned on {street}',
    'The sign points into the wrong street after the storm.|Delivery drivers end up in our yard every day.'),
  (7, 'Speed sign hidden by branches on {street}',
    'You see the sign only when you have passed it.|A maple has grown over it.'),
  (8, 'Graffiti on {place}',
    'Large letters in black and silver, fresh since the weekend.|The side towards the road is covered.'),
  (8, 'Bus shelter glass broken on {street}',
    'One pane is in pieces all over the seat.|There is glass on the ground.'),
  (8, 'Tags on the wall along {street}',
    'The whole wall is covered now.|It was clean for only two weeks.'),
  (8, 'Noticeboard smashed near {place}',
    'Somebody has kicked in the front.|The notices lie in the mud.'),
  (8, 'Playground sprayed near {place}',
    'The slide is sprayed with words that children should not read.|The bench and the climbing frame are painted.'),
  (9, '{street} not ploughed',
    'The plough has not been here since the snow began.|The nurse could not get through this morning.'),
  (9, 'Ice on the steps at {place}',
    'The steps are one sheet of ice.|There is no grit in the box.'),
  (9, 'Snow bank blocks the crossing on {street}',
    'The snow bank is taller than a child, and nobody sees you.|You have to climb over it with a pram.'),
  (9, 'Ice on the path near {place}',
    'Water from the roof freezes on the path every night.|Two people have slipped already.'),
  (9, 'Plough pushed snow into driveways on {street}',
    'The driveways on the even side are closed off.|It has set hard overnight.'),
  (10, 'Loud music at {place} at night',
    'It starts around eleven and goes on until three.|Every weekend since the holidays.'),
  (10, 'Burning of rubbish on {street}',
    'Plastic is burnt in the yard in the evening.|The smoke drifts into the bedrooms.'),
  (10, 'Construction noise before six on {street}',
    'The machines start long before the permitted time.|Trucks wait there with running engines.'),
  (10, 'Barking dogs on {street}',
    'The dogs bark from morning to evening when nobody is at home.|Three dogs, all night long.'),
  (10, 'Strong smell near {place}',
    'There is a sour smell when the wind comes from the south.|It smells of gas or something like it.'),
  (11, 'Car without plates on {street}',
    'A grey car, two tyres flat.|It has stood there since early summer.'),
  (11, 'Trailer left behind {place}',
    'The trailer is full of old timber.|It has not moved for months.'),
  (11, 'Burnt-out car near {place}',
    'Only the frame is left.|Glass lies around it.'),
  (11, 'Van not moved for months on {street}',
    'Grass grows around the wheels.|The windows are broken.'),
  (11, 'Shopping carts left on {street}',
    'Nine carts by now, some of them in the ditch.|They roll into the road when it is windy.'),
  (12, 'Question about {place}',
    'I could not find the opening hours on the website.|Who looks after the flower beds there?'),
  (12, 'Clock at {place} is wrong',
    'It has been slow by twenty minutes for a month.|It stands at ten past four.'),
  (12, 'Drinking fountain does not work near {place}',
    'No water comes out, although the season has begun.|The tap is stuck.'),
  (12, 'Public toilet locked at {place}',
    'It was locked at noon on a weekday.|The sign says open.'),
  (12, 'Flag torn at {place}',
    'The flag is in shreds after the wind.|The rope is broken.'),
  (12, 'Bicycle rack full at {place}',
    'Old bicycles without owners take up half of it.|Two of the hoops are bent.')
) AS subject (category_id, title, openings);

-- How often a category is reported, and what people add about it.
CREATE TEMPORARY TABLE town_phrases ON COMMIT DROP AS
SELECT category_id, weight, string_to_array(details, '|') AS details
FROM (VALUES
  (1, 1.7,
    'A neighbour has already complained too.|It gets worse every week.|It is on the way to the school.|I have put a branch in it as a warning.|Delivery vans drive around it on the sidewalk.'),
  (2, 1.2,
    'Older people in our street no longer walk there at night.|The number on the post cannot be read.|It has been so for two weeks.|I have seen a near miss there.|It was repaired last year.'),
  (3, 1.6,
    'It starts to smell.|There are rats in the evening.|It happens every other week now.|We have taken the bins back in for now.|Nobody answers at the depot.'),
  (4, 1.1,
    'Children play there.|Parents have tied it up with tape.|It was reported in spring as well.|I can help if somebody brings the tools.'),
  (5, 0.8,
    'Prams get stuck.|It cannot be seen under the leaves.|It is the way to the clinic.|People walk on the road instead.'),
  (6, 0.9,
    'It will freeze soon.|Mosquitoes are breeding in it.|It was the same last year.|Neighbours have sandbags out.'),
  (7, 0.7,
    'Drivers have begun to ignore it.|Children cross there on their way to school.|There was nearly a collision on Tuesday.'),
  (8, 0.6,
    'A neighbour has photographs.|It can be seen from the main road.|It is the third time this year.'),
  (9, 1.0,
    'The bus does not stop there any more.|We have shovelled what we could.|More snow is forecast.'),
  (10, 0.5,
    'We have talked to them without success.|We have to keep the windows closed.|Others in the house will confirm it.'),
  (11, 0.4,
    'It takes up two parking places.|Children climb into it.|Oil runs into the drain.'),
  (12, 0.5,
    'Perhaps somebody can have a look.|Visitors have asked me about it.|It was fine last year.')
) AS phrase (category_id, weight, details);

-- Snow falls in winter, roads break in spring, branches come down in summer: for every month,
-- the part of the line from 0 to 1 that each category owns.
CREATE TEMPORARY TABLE town_seasons ON COMMIT DROP AS
SELECT month, category_id,
  (sum(share) OVER running - share) / sum(share) OVER whole AS low, sum(share) OVER running / sum(share) OVER whole AS high
FROM (
  SELECT month, category_id, weight * CASE
    WHEN category_id = 9 THEN CASE WHEN month IN (12, 1, 2) THEN 3.0 WHEN month IN (11, 3) THEN 0.8 ELSE 0.0 END
    WHEN category_id = 1 AND month BETWEEN 2 AND 5 THEN 1.9
    WHEN category_id = 4 AND month BETWEEN 5 AND 9 THEN 1.9
    WHEN category_id = 2 AND month IN (10, 11, 12, 1) THEN 1.5
    ELSE 1.0 END AS share
  FROM town_phrases CROSS JOIN generate_series(1, 12) AS month
) AS shares
WINDOW running AS (PARTITION BY month ORDER BY category_id), whole AS (PARTITION BY month);

CREATE TEMPORARY TABLE town_requests ON COMMIT DROP AS
WITH moments AS (
  -- Newest two days old; the number of reports has grown a little over the two years.
  SELECT row_number() OVER (ORDER BY at, n) AS id, at
  FROM (
    SELECT n, (date_trunc('day', now() AT TIME ZONE 'UTC')
               - make_interval(days => 2 + floor(729 * power(pg_temp.chance('age', n), 1.15))::int)
               + make_interval(mins => 780 + floor(760 * pg_temp.chance('minute', n))::int))
              AT TIME ZONE 'UTC' AS at
    FROM generate_series(1, 5000) AS n
  ) AS raw
), diced AS MATERIALIZED (
  SELECT id, at, extract(epoch FROM now() - at) / 86400 AS age, extract(month FROM at)::int AS month,
    pg_temp.chance('category', id) AS c, pg_temp.chance('area', id) AS a, pg_temp.chance('status', id) AS s,
    pg_temp.chance('priority', id) AS u
  FROM moments
), placed AS (
  SELECT d.id, d.at, d.age, d.s, d.u, season.category_id, p.details, a.neighbourhood_id,
    a.longitude, a.latitude, pg_temp.choose(a.streets, 'street', d.id) AS street
  FROM diced d
  JOIN town_seasons season ON season.month = d.month AND d.c >= season.low AND d.c < season.high
  JOIN town_phrases p ON p.category_id = season.category_id
  JOIN town_areas a ON d.a >= a.low AND d.a < a.high
), judged AS (
  SELECT *, CASE
      WHEN age < 4  THEN CASE WHEN s < 0.74 THEN 'New' ELSE 'Triaged' END
      WHEN age < 10 THEN CASE WHEN s < 0.20 THEN 'New' WHEN s < 0.54 THEN 'Triaged'
                              WHEN s < 0.84 THEN 'In progress' WHEN s < 0.96 THEN 'Resolved' ELSE 'Declined' END
      WHEN age < 30 THEN CASE WHEN s < 0.04 THEN 'New' WHEN s < 0.17 THEN 'Triaged'
                              WHEN s < 0.44 THEN 'In progress' WHEN s < 0.50 THEN 'On hold'
                              WHEN s < 0.94 THEN 'Resolved' ELSE 'Declined' END
      WHEN age < 90 THEN CASE WHEN s < 0.03 THEN 'Triaged' WHEN s < 0.11 THEN 'In progress'
                              WHEN s < 0.17 THEN 'On hold' WHEN s < 0.47 THEN 'Resolved'
                              WHEN s < 0.92 THEN 'Closed' ELSE 'Declined' END
      ELSE CASE WHEN s < 0.012 THEN 'In progress' WHEN s < 0.03 THEN 'On hold'
                WHEN s < 0.05 THEN 'Resolved' WHEN s < 0.925 THEN 'Closed' ELSE 'Declined' END
    END AS status,
    CASE WHEN u < 0.18 THEN 'Low' WHEN u < 0.75 THEN 'Normal' WHEN u < 0.94 THEN 'High' ELSE 'Urgent' END AS urgency
  FROM placed
)
SELECT j.*, CASE WHEN j.status = 'New' AND j.urgency <> 'Urgent' THEN 'Normal' ELSE j.urgency END AS priority,
  c.display_name AS category,
  greatest(1, round(c.response_days * CASE j.urgency WHEN 'Low' THEN 1.5 WHEN 'Normal' THEN 1.0
                                                     WHEN 'High' THEN 0.6 ELSE 0.3 END))::int AS days
FROM judged j JOIN public.categories c ON c.id = j.category_id;

INSERT INTO public.service_requests (id, display_name, description, category_id, neighbourhood_id,
  address, location, status_id, priority_id, reporter_id, assigned_to, due_date, estimated_cost,
  resolved_at, created_at, updated_at)
SELECT id,
  replace(replace(subject.title, '{street}', street), '{place}', place),
  concat_ws(' ', pg_temp.choose(subject.openings, 'opening', id),
    CASE WHEN pg_temp.chance('has detail', id) < 0.8
         THEN pg_temp.choose(details, 'detail', id) END,
    CASE WHEN pg_temp.chance('has closing', id) < 0.35
         THEN pg_temp.choose('{"Please have it looked at.","I can show somebody the place.","First reported by telephone.","Thank you for your work.","It is opposite the blue house.","Please call before you come."}', 'closing', id) END),
  r.category_id, neighbourhood_id,
  (1 + floor(pg_temp.chance('house', id) * 148))::int || ' ' || street,
  CASE WHEN pg_temp.chance('has location', id) < 0.8 THEN
    postgis.ST_SetSRID(postgis.ST_MakePoint(
      round((longitude + (pg_temp.chance('east', id) + pg_temp.chance('east again', id) - 1) * 0.005)::numeric, 6)::float8,
      round((latitude + (pg_temp.chance('north', id) + pg_temp.chance('north again', id) - 1) * 0.004)::numeric, 6)::float8), 4326) END,
  s.status_id, p.priority_id,
  CASE WHEN pg_temp.chance('has reporter', id) < 0.92
       THEN pg_temp.person(1 + floor(18 * power(pg_temp.chance('reporter', id), 1.4))::int) END,
  CASE WHEN status NOT IN ('New', 'Triaged') OR (status = 'Triaged' AND pg_temp.chance('early', id) < 0.4)
       THEN pg_temp.person(19 + floor(6 * pg_temp.chance('assigned', id))::int) END,
  CASE WHEN status <> 'New' THEN (at AT TIME ZONE 'UTC')::date + days END,
  CASE WHEN status NOT IN ('New', 'Declined') AND r.category_id NOT IN (10, 12) AND pg_temp.chance('has cost', id) < 0.55
       THEN (round((35 + 1900 * power(pg_temp.chance('cost', id), 3.2))::numeric / 5) * 5)::money END,
  resolved,
  at, coalesce(resolved, least(now(), at + make_interval(hours => (1 + floor(pg_temp.chance('touched', id) * 96))::int)))
FROM town_requests r
JOIN town_subjects subject ON subject.category_id = r.category_id
  AND subject.k = 1 + floor(pg_temp.chance('title', r.id) * subject.subjects)
JOIN LATERAL (SELECT pg_temp.choose('{"the primary school","the town hall","the bus depot","the library","St. Mark''s church","the clinic","the market hall","the sports ground","the old mill","the post office","the station","the community garden","the fire station","the swimming pool"}', 'place', id) AS place,
  CASE WHEN status IN ('Resolved', 'Closed') THEN
    at + make_interval(mins => floor(1440 * least(age - 0.5, days * (0.15 + 1.15 * pg_temp.chance('pace', id))))::int) END AS resolved) AS extra ON TRUE
JOIN (SELECT id AS status_id, display_name AS label FROM metadata.statuses
      WHERE entity_type = 'service_request') AS s ON s.label = r.status
JOIN (SELECT id AS priority_id, display_name AS label FROM metadata.statuses
      WHERE entity_type = 'service_request_priority') AS p ON p.label = r.priority
ORDER BY id;

-- Lamps, drains, signals and trees stand in the register: most reports about them name one nearby.
UPDATE public.service_requests r SET asset_id = (
  SELECT a.id FROM public.assets a
  WHERE a.neighbourhood_id = r.neighbourhood_id AND a.asset_type_id = kind.asset_type_id
  ORDER BY md5(a.id || ':' || r.id) LIMIT 1)
FROM (VALUES (2, 1), (4, 8), (6, 6), (7, 5)) AS kind (category_id, asset_type_id)
WHERE kind.category_id = r.category_id AND pg_temp.chance('has asset', r.id) < 0.6;

-- Work orders --------------------------------------------------------------------------------

INSERT INTO public.work_orders (id, display_name, service_request_id, asset_id, status_id, assigned_to,
  scheduled_for, completed_at, hours, cost, notes, created_at, updated_at)
SELECT row_number() OVER (ORDER BY r.created_at, r.id), task || ', ' || coalesce(r.address, 'site'), r.id, r.asset_id,
  s.id, r.assigned_to,
  CASE WHEN w.status <> 'Cancelled' THEN date_trunc('hour', opened + interval '2 days') END,
  CASE WHEN w.status = 'Done' THEN greatest(opened, r.resolved_at) END,
  CASE WHEN w.status = 'Done' THEN 1 + floor(15 * power(pg_temp.chance('hours', r.id), 2))::int END,
  CASE WHEN w.status = 'Done' THEN
    coalesce(r.estimated_cost * (0.7 + 0.6 * pg_temp.chance('overrun', r.id)),
             (round((20 + 700 * power(pg_temp.chance('cost', r.id), 3))::numeric / 5) * 5)::money) END,
  CASE WHEN pg_temp.chance('has notes', r.id) < 0.5 THEN
    pg_temp.choose('{"Lane closed for half a day, neighbours informed.","Parts in stock.","Warm weather needed for the sealant.","Done together with the one next door.","Cone and tape set up in the meantime.","Contractor asked for an offer.","Key is at the front desk.","Second visit needed after settling.","No parking signs ordered for that day."}', 'notes', r.id) END,
  opened, greatest(opened, coalesce(r.resolved_at, opened))
FROM (
  SELECT sr.*, st.display_name AS status
  FROM public.service_requests sr JOIN metadata.statuses st ON st.id = sr.status_id
  WHERE st.display_name NOT IN ('New', 'Declined') AND sr.category_id NOT IN (10, 12)
  ORDER BY (st.display_name = 'In progress') DESC, md5('work ' || sr.id) LIMIT 1200
) AS r
CROSS JOIN LATERAL (SELECT
  least(r.created_at + make_interval(hours => (4 + floor(44 * pg_temp.chance('opened', r.id)))::int),
        coalesce(r.resolved_at, now() - interval '1 hour')) AS opened,
  CASE WHEN r.status IN ('Resolved', 'Closed') THEN CASE WHEN pg_temp.chance('cancelled', r.id) < 0.06 THEN 'Cancelled' ELSE 'Done' END
       WHEN r.status = 'In progress' THEN CASE WHEN pg_temp.chance('begun', r.id) < 0.65 THEN 'Under way' ELSE 'Planned' END
       ELSE 'Planned' END AS status,
  (ARRAY['Fill and seal the surface', 'Repair the lamp', 'Collect and clean up', 'Cut back and clear', 'Relay the slabs',
         'Clear and rinse the drain', 'Repair the sign or signal', 'Clean and repaint', 'Plough and grit',
         'Visit', 'Tow away', 'Visit'])[r.category_id] AS task) AS w
JOIN metadata.statuses s ON s.entity_type = 'work_order' AND s.display_name = w.status;

-- Comments -----------------------------------------------------------------------------------

INSERT INTO public.request_comments (service_request_id, body, author_id, is_internal, created_at, updated_at)
SELECT r.id, body, author, internal, said, said
FROM public.service_requests r
JOIN metadata.statuses st ON st.id = r.status_id
CROSS JOIN generate_series(1, 3) AS k
CROSS JOIN LATERAL (SELECT r.id * 4 + k AS key) AS seed
CROSS JOIN LATERAL (SELECT
  CASE k WHEN 1 THEN pg_temp.choose('{"Thank you for the report. Somebody will look at it this week.","We have seen it and put it on the list.","Thank you. Could you tell us on which side of the street it is?","This belongs to the county. We have passed it on.","The crew was there today and has secured the place."}', 'reply', key)
         WHEN 2 THEN pg_temp.choose('{"It has got worse since yesterday.","Still the same this morning.","It is on the even side, near the corner.","Thank you for the quick answer.","My neighbour has seen it too.","When will this be done?"}', 'answer', key)
         ELSE pg_temp.choose('{"Third report in this street this year.","Ask the contractor about the warranty.","Combine with the work next week.","Resident is not satisfied, please call back.","Budget line to be settled."}', 'internal', key) END AS body,
  CASE k WHEN 2 THEN r.reporter_id ELSE coalesce(r.assigned_to, pg_temp.person(19 + (r.id % 6)::int)) END AS author,
  k = 3 AS internal,
  least(r.created_at + make_interval(hours => (k * 9 + floor(20 * pg_temp.chance('said', key)))::int), now()) AS said) AS text
WHERE author IS NOT NULL AND st.display_name <> 'New'
  AND pg_temp.chance('speaks', key) < (ARRAY[0.34, 0.2, 0.08])[k]
ORDER BY said, r.id;

-- Tags ---------------------------------------------------------------------------------------

INSERT INTO public.service_request_tags (service_request_id, tag_id, created_at)
SELECT r.id, t.id, r.created_at
FROM public.service_requests r CROSS JOIN public.tags t
WHERE pg_temp.chance('tag', r.id * 10 + t.id) < (ARRAY[0.09, 0.07, 0.05, 0.05, 0.08, 0.06, 0.03, 0.12])[t.id]
  AND (t.id <> 3 OR r.category_id IN (5, 7, 9)) AND (t.id <> 4 OR r.category_id IN (4, 6, 7));

SELECT setval(pg_get_serial_sequence('public.assets', 'id'), (SELECT max(id) FROM public.assets));
SELECT setval(pg_get_serial_sequence('public.service_requests', 'id'), (SELECT max(id) FROM public.service_requests));
SELECT setval(pg_get_serial_sequence('public.work_orders', 'id'), (SELECT max(id) FROM public.work_orders));
