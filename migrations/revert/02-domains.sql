drop domain public.time_slot;
drop domain public.phone_number;
drop domain public.email_address;
drop domain public.hex_color;
