-- What 19-payments makes.
select pg_temp.expect($facts$
{
 "categories": {
  "function_bodies": {
   "payments.count_refund()": {"hash":"5552e799dcacafe10a67f8ea2ac96801"},
   "payments.enqueue_sync(uuid)": {"hash":"ff2e69107a3b931394459939ded394c5"},
   "payments.guard_transaction()": {"hash":"8830b960bdd0a039cc6bb130a2473218"},
   "payments.may_become(text, text)": {"hash":"4844cc8e1e34771134572e1a79b23a92"},
   "payments.record_intent(uuid, text, text, text, text, numeric, text, boolean, timestamp with time zone, integer, timestamp with time zone)": {"hash":"bb937ecff0cc7df54ab9933dab5514d3"},
   "payments.record_refund(uuid, text, text, bigint, text, text, text)": {"hash":"2819ec8a245293b5c11e1c8887993f27"},
   "payments.relink(uuid, uuid)": {"hash":"dae484fab3d012eb46436877de3417a8"},
   "payments.settle_event(uuid, jsonb)": {"hash":"aa5e955770c5374931c2cc73c7077553"},
   "public.cancel_payment(uuid)": {"hash":"d236a2fdd8b74051ef19fcafe6e283fa"},
   "public.capture_payment(uuid, numeric)": {"hash":"76f04adde86432e36e8263091eb6a4d4"}
  },
  "function_grants": {
   "payments.count_refund() TO PUBLIC": {"privileges":["EXECUTE"]},
   "payments.enqueue_sync(uuid) TO civic_os_payments": {"privileges":["EXECUTE"]},
   "payments.guard_transaction() TO PUBLIC": {"privileges":["EXECUTE"]},
   "payments.may_become(text, text) TO PUBLIC": {"privileges":["EXECUTE"]},
   "payments.record_intent(uuid, text, text, text, text, numeric, text, boolean, timestamp with time zone, integer, timestamp with time zone) TO civic_os_payments": {"privileges":["EXECUTE"]},
   "payments.record_refund(uuid, text, text, bigint, text, text, text) TO civic_os_payments": {"privileges":["EXECUTE"]},
   "payments.relink(uuid, uuid) TO civic_os_payments": {"privileges":["EXECUTE"]},
   "payments.settle_event(uuid, jsonb) TO civic_os_payments": {"privileges":["EXECUTE"]},
   "public.cancel_payment(uuid) TO authenticated": {"privileges":["EXECUTE"]},
   "public.capture_payment(uuid, numeric) TO authenticated": {"privileges":["EXECUTE"]}
  },
  "functions": {
   "payments.count_refund()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"trigger","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=payments, metadata, public"],"strict":false,"volatility":"volatile"},
   "payments.enqueue_sync(uuid)": {"arguments":[{"mode":"in","name":"p_payment_id","type":"uuid","default":null}],"kind":"function","language":"sql","returns":"void","returns_columns":[],"returns_set":false,"security_definer":false,"settings":["search_path=payments, metadata, public"],"strict":false,"volatility":"volatile"},
   "payments.guard_transaction()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"trigger","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=payments, metadata, public"],"strict":false,"volatility":"volatile"},
   "payments.may_become(text, text)": {"arguments":[{"mode":"in","name":"p_from","type":"text","default":null},{"mode":"in","name":"p_to","type":"text","default":null}],"kind":"function","language":"sql","returns":"boolean","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"immutable"},
   "payments.record_intent(uuid, text, text, text, text, numeric, text, boolean, timestamp with time zone, integer, timestamp with time zone)": {"arguments":[{"mode":"in","name":"p_payment_id","type":"uuid","default":null},{"mode":"in","name":"p_intent_id","type":"text","default":null},{"mode":"in","name":"p_client_secret","type":"text","default":null},{"mode":"in","name":"p_status","type":"text","default":null},{"mode":"in","name":"p_provider_status","type":"text","default":null},{"mode":"in","name":"p_captured","type":"numeric","default":null},{"mode":"in","name":"p_error","type":"text","default":null},{"mode":"in","name":"p_livemode","type":"boolean","default":null},{"mode":"in","name":"p_event_at","type":"timestamp with time zone","default":null},{"mode":"in","name":"p_version","type":"integer","default":null},{"mode":"in","name":"p_expires_at","type":"timestamp with time zone","default":null}],"kind":"function","language":"plpgsql","returns":"text","returns_columns":[],"returns_set":false,"security_definer":false,"settings":["search_path=payments, metadata, public"],"strict":false,"volatility":"volatile"},
   "payments.record_refund(uuid, text, text, bigint, text, text, text)": {"arguments":[{"mode":"in","name":"p_refund_id","type":"uuid","default":null},{"mode":"in","name":"p_provider_refund_id","type":"text","default":null},{"mode":"in","name":"p_intent_id","type":"text","default":null},{"mode":"in","name":"p_amount_minor","type":"bigint","default":null},{"mode":"in","name":"p_provider_status","type":"text","default":null},{"mode":"in","name":"p_error","type":"text","default":null},{"mode":"in","name":"p_reason","type":"text","default":null}],"kind":"function","language":"plpgsql","returns":"text","returns_columns":[],"returns_set":false,"security_definer":false,"settings":["search_path=payments, metadata, public"],"strict":false,"volatility":"volatile"},
   "payments.relink(uuid, uuid)": {"arguments":[{"mode":"in","name":"p_from","type":"uuid","default":null},{"mode":"in","name":"p_to","type":"uuid","default":null}],"kind":"function","language":"plpgsql","returns":"void","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=payments, metadata, public"],"strict":false,"volatility":"volatile"},
   "payments.settle_event(uuid, jsonb)": {"arguments":[{"mode":"in","name":"p_webhook_id","type":"uuid","default":null},{"mode":"in","name":"p_change","type":"jsonb","default":null}],"kind":"function","language":"plpgsql","returns":"text","returns_columns":[],"returns_set":false,"security_definer":false,"settings":["search_path=payments, metadata, public"],"strict":false,"volatility":"volatile"},
   "public.cancel_payment(uuid)": {"arguments":[{"mode":"in","name":"p_payment_id","type":"uuid","default":null}],"kind":"function","language":"plpgsql","returns":"void","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=payments, metadata, public"],"strict":false,"volatility":"volatile"},
   "public.capture_payment(uuid, numeric)": {"arguments":[{"mode":"in","name":"p_payment_id","type":"uuid","default":null},{"mode":"in","name":"p_amount","type":"numeric","default":"NULL::numeric"}],"kind":"function","language":"plpgsql","returns":"void","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=payments, metadata, public"],"strict":false,"volatility":"volatile"}
  },
  "policies": {
   "payments.refunds.Payment jobs keep refunds": {"command":"all","permissive":true,"roles":["civic_os_payments"],"using":"true","with_check":"true"},
   "payments.settings.Payment jobs keep the settings": {"command":"all","permissive":true,"roles":["civic_os_payments"],"using":"true","with_check":"true"},
   "payments.transactions.Payment jobs keep the ledger": {"command":"all","permissive":true,"roles":["civic_os_payments"],"using":"true","with_check":"true"}
  },
  "table_grants": {
   "metadata.webhooks TO civic_os_payments": {"privileges":["INSERT","SELECT","UPDATE"]},
   "payments.refunds TO civic_os_payments": {"privileges":["INSERT","SELECT","UPDATE"]},
   "payments.settings TO civic_os_payments": {"privileges":["INSERT","SELECT","UPDATE"]},
   "payments.transactions TO civic_os_payments": {"privileges":["SELECT","UPDATE"]}
  },
  "triggers": {
   "payments.refunds.count_refund": {"columns":[],"enabled":"origin","events":["insert","update","delete"],"function":"payments.count_refund","level":"row","timing":"after","when":null},
   "payments.transactions.guard_transaction": {"columns":[],"enabled":"origin","events":["insert","update"],"function":"payments.guard_transaction","level":"row","timing":"before","when":null}
  }
 },
 "format": 1,
 "server": 15
}
$facts$);
