-- Domains of application columns. The web client chooses its editor by the domain's name.

-- A nullable column of this type without a default of its own gets this blue, not NULL.
create domain public.hex_color as varchar(7)
  default '#3B82F6'
  constraint hex_color_check check (value ~ '^#[0-9A-Fa-f]{6}$');

create domain public.email_address as varchar(255)
  default null
  constraint email_address_check check (value ~* '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$');

create domain public.phone_number as varchar(10)
  default null
  constraint phone_number_check check (value ~ '^\d{10}$');

-- Bounds are [start,end) by convention.
create domain public.time_slot as tstzrange;

comment on domain public.hex_color is 'Colour as #RRGGBB';
comment on domain public.email_address is 'E-mail address';
comment on domain public.phone_number is 'Telephone number: ten digits, no punctuation';
comment on domain public.time_slot is 'Period between two points in time';
