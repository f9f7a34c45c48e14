-- Staging tables: the two files exactly as published, every value as text. The columns stand in the
-- order of the files; 02_staging_airports.csv.gz and 03_staging_strikes.csv.gz fill them.
--
-- Sources, both in the public domain: reports of wildlife strikes on aircraft, 1990-2002 (US Federal
-- Aviation Administration); airports with coordinates (US Bureau of Transportation Statistics).

CREATE TABLE public.staging_airports (
  iata       TEXT,
  name       TEXT,
  city       TEXT,
  state      TEXT,
  country    TEXT,
  latitude   TEXT,
  longitude  TEXT
);

CREATE TABLE public.staging_strikes (
  "Airport Name"               TEXT,
  "Aircraft Make Model"        TEXT,
  "Effect Amount of damage"    TEXT,
  "Flight Date"                TEXT,
  "Aircraft Airline Operator"  TEXT,
  "Origin State"               TEXT,
  "Phase of flight"            TEXT,
  "Wildlife Size"              TEXT,
  "Wildlife Species"           TEXT,
  "Time of day"                TEXT,
  "Cost Other"                 TEXT,
  "Cost Repair"                TEXT,
  "Cost Total $"               TEXT,
  "Speed IAS in knots"         TEXT
);
