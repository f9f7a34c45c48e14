-- Twenty-five invented people: eighteen residents, six of the town's staff, one administrator.
-- Real people get their row when they sign in for the first time.

CREATE TEMPORARY TABLE town_people ON COMMIT DROP AS
SELECT n, md5('town of elmwood, person ' || n)::uuid AS id, full_name,
       lower(regexp_replace(regexp_replace(full_name, '^Dr\. ', ''), '[^A-Za-z]+', '.', 'g'))
         || CASE WHEN n > 18 THEN '@elmwood.example' ELSE '@mail.example' END AS email,
       '555' || lpad(((n * 7919 + 2013) % 10000000)::text, 7, '0') AS phone
FROM (VALUES
  ( 1, 'Amelia Hartley'),   ( 2, 'Benjamin Osei'),     ( 3, 'Carla Mendes'),
  ( 4, 'Daniel Kowalski'),  ( 5, 'Dr. Esther Lindqvist'), ( 6, 'Farid Rahimi'),
  ( 7, 'Grace Nakamura'),   ( 8, 'Henry Whitlock'),    ( 9, 'Ines Dubois'),
  (10, 'Jonas Becker'),     (11, 'Kamala Iyer'),       (12, 'Liam Donnelly'),
  (13, 'Marisol Vega'),     (14, 'Noah Petersen'),     (15, 'Olga Marchenko'),
  (16, 'Peter Van Doren'),  (17, 'Quentin Ashby'),     (18, 'Rosa Castellano'),
  (19, 'Samuel Trent'),     (20, 'Tessa Brandt'),      (21, 'Umberto Greco'),
  (22, 'Valerie Stone'),    (23, 'Walter Ngugi'),      (24, 'Yasmin Haddad'),
  (25, 'Zoe Caldwell')
) AS person (n, full_name);

INSERT INTO metadata.civic_os_users (id, display_name)
SELECT id, public.format_public_display_name(full_name) FROM town_people
ON CONFLICT (id) DO NOTHING;

-- What only the person and staff may see.
INSERT INTO metadata.civic_os_users_private (id, display_name, email, phone)
SELECT id, full_name, email, phone FROM town_people
ON CONFLICT (id) DO NOTHING;

INSERT INTO metadata.user_roles (user_id, role_id)
SELECT p.id, r.id
FROM town_people p
JOIN metadata.roles r
  ON r.display_name = 'user' OR (r.display_name = 'editor' AND p.n > 18)
  OR (r.display_name = 'admin' AND p.n = 25)
ON CONFLICT DO NOTHING;
