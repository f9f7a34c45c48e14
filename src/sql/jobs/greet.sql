-- A word to oneself on the control channel: whoever hears it knows that notifications arrive. River ignores it. $1 client id, $2 control channel.
-- Called by jobs::control.
select pg_notify($2::text, json_build_object('action', 'greet', 'client_id', $1::text)::text)
