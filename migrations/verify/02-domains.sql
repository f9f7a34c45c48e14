-- What 02-domains makes.
select pg_temp.expect($facts$
{
 "categories": {
  "domains": {
   "public.email_address": {"base":"character varying(255)","check_names":["email_address_check"],"checks":["CHECK (((VALUE)::text ~* '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,}$'::text))"],"default":"NULL::character varying","not_null":false},
   "public.hex_color": {"base":"character varying(7)","check_names":["hex_color_check"],"checks":["CHECK (((VALUE)::text ~ '^#[0-9A-Fa-f]{6}$'::text))"],"default":"'#3B82F6'::character varying","not_null":false},
   "public.phone_number": {"base":"character varying(10)","check_names":["phone_number_check"],"checks":["CHECK (((VALUE)::text ~ '^\\d{10}$'::text))"],"default":"NULL::character varying","not_null":false},
   "public.time_slot": {"base":"tstzrange","check_names":[],"checks":[],"default":null,"not_null":false}
  }
 },
 "format": 1,
 "server": 15
}
$facts$);
