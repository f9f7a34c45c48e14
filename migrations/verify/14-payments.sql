-- What 14-payments makes.
select pg_temp.expect($facts$
{
 "categories": {
  "columns": {
   "metadata.webhooks.created_at": {"default":null,"generated":"received_at","identity":null,"not_null":false,"position":11,"type":"timestamp with time zone"},
   "metadata.webhooks.error_message": {"default":null,"generated":null,"identity":null,"not_null":false,"position":8,"type":"text"},
   "metadata.webhooks.event_type": {"default":null,"generated":null,"identity":null,"not_null":true,"position":4,"type":"text"},
   "metadata.webhooks.id": {"default":"gen_random_uuid()","generated":null,"identity":null,"not_null":true,"position":1,"type":"uuid"},
   "metadata.webhooks.payload": {"default":null,"generated":null,"identity":null,"not_null":true,"position":5,"type":"jsonb"},
   "metadata.webhooks.processed": {"default":"false","generated":null,"identity":null,"not_null":true,"position":7,"type":"boolean"},
   "metadata.webhooks.processed_at": {"default":null,"generated":null,"identity":null,"not_null":false,"position":10,"type":"timestamp with time zone"},
   "metadata.webhooks.provider": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"text"},
   "metadata.webhooks.provider_event_id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":3,"type":"text"},
   "metadata.webhooks.received_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":9,"type":"timestamp with time zone"},
   "metadata.webhooks.signature_verified": {"default":"false","generated":null,"identity":null,"not_null":true,"position":6,"type":"boolean"},
   "payments.refunds.amount": {"default":null,"generated":null,"identity":null,"not_null":true,"position":3,"type":"numeric(10,2)"},
   "payments.refunds.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":9,"type":"timestamp with time zone"},
   "payments.refunds.error_message": {"default":null,"generated":null,"identity":null,"not_null":false,"position":8,"type":"text"},
   "payments.refunds.id": {"default":"gen_random_uuid()","generated":null,"identity":null,"not_null":true,"position":1,"type":"uuid"},
   "payments.refunds.initiated_by": {"default":null,"generated":null,"identity":null,"not_null":true,"position":5,"type":"uuid"},
   "payments.refunds.processed_at": {"default":null,"generated":null,"identity":null,"not_null":false,"position":10,"type":"timestamp with time zone"},
   "payments.refunds.provider_refund_id": {"default":null,"generated":null,"identity":null,"not_null":false,"position":6,"type":"text"},
   "payments.refunds.reason": {"default":null,"generated":null,"identity":null,"not_null":true,"position":4,"type":"text"},
   "payments.refunds.status": {"default":"'pending'::text","generated":null,"identity":null,"not_null":true,"position":7,"type":"text"},
   "payments.refunds.transaction_id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"uuid"},
   "payments.transactions.amount": {"default":null,"generated":null,"identity":null,"not_null":true,"position":3,"type":"numeric(10,2)"},
   "payments.transactions.created_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":11,"type":"timestamp with time zone"},
   "payments.transactions.currency": {"default":"'USD'::text","generated":null,"identity":null,"not_null":true,"position":4,"type":"text"},
   "payments.transactions.description": {"default":null,"generated":null,"identity":null,"not_null":false,"position":10,"type":"text"},
   "payments.transactions.display_name": {"default":null,"generated":"((\nCASE currency\n    WHEN 'USD'::text THEN ('$'::text || (amount)::text)\n    ELSE ((currency || ' '::text) || (amount)::text)\nEND || ' - '::text) ||\nCASE status\n    WHEN 'pending_intent'::text THEN 'Creating...'::text\n    WHEN 'pending'::text THEN 'Pending'::text\n    WHEN 'requires_action'::text THEN 'Pending'::text\n    WHEN 'authorized'::text THEN 'Authorized'::text\n    WHEN 'succeeded'::text THEN 'Paid'::text\n    WHEN 'failed'::text THEN 'Failed'::text\n    WHEN 'canceled'::text THEN 'Canceled'::text\n    ELSE upper(status)\nEND)","identity":null,"not_null":false,"position":15,"type":"text"},
   "payments.transactions.entity_id": {"default":null,"generated":null,"identity":null,"not_null":false,"position":14,"type":"text"},
   "payments.transactions.entity_type": {"default":null,"generated":null,"identity":null,"not_null":false,"position":13,"type":"text"},
   "payments.transactions.error_message": {"default":null,"generated":null,"identity":null,"not_null":false,"position":6,"type":"text"},
   "payments.transactions.id": {"default":"gen_random_uuid()","generated":null,"identity":null,"not_null":true,"position":1,"type":"uuid"},
   "payments.transactions.provider": {"default":"'stripe'::text","generated":null,"identity":null,"not_null":true,"position":7,"type":"text"},
   "payments.transactions.provider_client_secret": {"default":null,"generated":null,"identity":null,"not_null":false,"position":9,"type":"text"},
   "payments.transactions.provider_payment_id": {"default":null,"generated":null,"identity":null,"not_null":false,"position":8,"type":"text"},
   "payments.transactions.status": {"default":"'pending_intent'::text","generated":null,"identity":null,"not_null":true,"position":5,"type":"text"},
   "payments.transactions.updated_at": {"default":"now()","generated":null,"identity":null,"not_null":true,"position":12,"type":"timestamp with time zone"},
   "payments.transactions.user_id": {"default":null,"generated":null,"identity":null,"not_null":true,"position":2,"type":"uuid"}
  },
  "constraints": {
   "metadata.webhooks.unique_webhook_event": {"definition":"UNIQUE (provider, provider_event_id)","kind":"unique"},
   "metadata.webhooks.webhooks_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"},
   "payments.refunds.refunds_amount_check": {"definition":"CHECK ((amount > (0)::numeric))","kind":"check"},
   "payments.refunds.refunds_initiated_by_fkey": {"definition":"FOREIGN KEY (initiated_by) REFERENCES metadata.civic_os_users(id)","kind":"foreign key"},
   "payments.refunds.refunds_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"},
   "payments.refunds.refunds_reason_check": {"definition":"CHECK ((length(TRIM(BOTH FROM reason)) >= 10))","kind":"check"},
   "payments.refunds.refunds_status_check": {"definition":"CHECK ((status = ANY (ARRAY['pending'::text, 'succeeded'::text, 'failed'::text])))","kind":"check"},
   "payments.refunds.refunds_transaction_id_fkey": {"definition":"FOREIGN KEY (transaction_id) REFERENCES payments.transactions(id) ON DELETE RESTRICT","kind":"foreign key"},
   "payments.transactions.transactions_amount_check": {"definition":"CHECK ((amount > (0)::numeric))","kind":"check"},
   "payments.transactions.transactions_pkey": {"definition":"PRIMARY KEY (id)","kind":"primary key"},
   "payments.transactions.transactions_user_id_fkey": {"definition":"FOREIGN KEY (user_id) REFERENCES metadata.civic_os_users(id) ON DELETE RESTRICT","kind":"foreign key"},
   "payments.transactions.valid_currency": {"definition":"CHECK (((currency ~ '^[A-Z]{3}$'::text) AND (currency <> ALL (ARRAY['BHD'::text, 'IQD'::text, 'JOD'::text, 'KWD'::text, 'LYD'::text, 'OMR'::text, 'TND'::text, 'CLF'::text, 'UYW'::text]))))","kind":"check"},
   "payments.transactions.valid_provider": {"definition":"CHECK ((provider = 'stripe'::text))","kind":"check"},
   "payments.transactions.valid_status": {"definition":"CHECK ((status = ANY (ARRAY['pending_intent'::text, 'pending'::text, 'requires_action'::text, 'authorized'::text, 'succeeded'::text, 'failed'::text, 'canceled'::text])))","kind":"check"},
   "payments.transactions.whole_amount_check": {"definition":"CHECK (((currency <> ALL (ARRAY['BIF'::text, 'CLP'::text, 'DJF'::text, 'GNF'::text, 'JPY'::text, 'KMF'::text, 'KRW'::text, 'MGA'::text, 'PYG'::text, 'RWF'::text, 'UGX'::text, 'VND'::text, 'VUV'::text, 'XAF'::text, 'XOF'::text, 'XPF'::text])) OR (amount = trunc(amount))))","kind":"check"}
  },
  "function_bodies": {
   "payments.check_existing_payment(uuid)": {"hash":"c8d3ab05dfef9eb8062ee3e791c4908d"},
   "payments.create_and_link_payment(name, name, anyelement, name, numeric, text, uuid, text)": {"hash":"d5fb59d8543e5134c5be32384bcdf77d"},
   "payments.effective_status(payments.transactions)": {"hash":"c5a1681d7c14433d784de9f59f21147d"},
   "payments.enqueue_create_intent_job()": {"hash":"7a37b0d6d2e7e433f9dae22a485f5466"},
   "payments.notify_payment_succeeded()": {"hash":"abf0127abbb6da31da67ed4d8caef2aa"},
   "payments.notify_refund_succeeded()": {"hash":"233438cb597e82f0f05d5709a3b2fefa"},
   "public.create_payment_intent_sync(numeric, text)": {"hash":"50671d4ca26b02de11f6950496d6d6c2"},
   "public.initiate_payment_refund(uuid, numeric, text)": {"hash":"0ea1e6ff1e5a1cb09f184591e99e32ec"}
  },
  "function_grants": {
   "payments.check_existing_payment(uuid) TO authenticated": {"privileges":["EXECUTE"]},
   "payments.create_and_link_payment(name, name, anyelement, name, numeric, text, uuid, text) TO authenticated": {"privileges":["EXECUTE"]},
   "payments.effective_status(payments.transactions) TO PUBLIC": {"privileges":["EXECUTE"]},
   "payments.enqueue_create_intent_job() TO PUBLIC": {"privileges":["EXECUTE"]},
   "payments.notify_payment_succeeded() TO PUBLIC": {"privileges":["EXECUTE"]},
   "payments.notify_refund_succeeded() TO PUBLIC": {"privileges":["EXECUTE"]},
   "public.create_payment_intent_sync(numeric, text) TO authenticated": {"privileges":["EXECUTE"]},
   "public.initiate_payment_refund(uuid, numeric, text) TO authenticated": {"privileges":["EXECUTE"]}
  },
  "functions": {
   "payments.check_existing_payment(uuid)": {"arguments":[{"mode":"in","name":"p_payment_id","type":"uuid","default":null}],"kind":"function","language":"plpgsql","returns":"text","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"stable"},
   "payments.create_and_link_payment(name, name, anyelement, name, numeric, text, uuid, text)": {"arguments":[{"mode":"in","name":"p_entity_table_name","type":"name","default":null},{"mode":"in","name":"p_entity_id_column_name","type":"name","default":null},{"mode":"in","name":"p_entity_id_value","type":"anyelement","default":null},{"mode":"in","name":"p_payment_column_name","type":"name","default":null},{"mode":"in","name":"p_amount","type":"numeric","default":null},{"mode":"in","name":"p_description","type":"text","default":null},{"mode":"in","name":"p_user_id","type":"uuid","default":"public.current_user_id()"},{"mode":"in","name":"p_currency","type":"text","default":"'USD'::text"}],"kind":"function","language":"plpgsql","returns":"uuid","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=payments, metadata, public"],"strict":false,"volatility":"volatile"},
   "payments.effective_status(payments.transactions)": {"arguments":[{"mode":"in","name":null,"type":"payments.transactions","default":null}],"kind":"function","language":"plpgsql","returns":"text","returns_columns":[],"returns_set":false,"security_definer":false,"settings":[],"strict":false,"volatility":"stable"},
   "payments.enqueue_create_intent_job()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"trigger","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=payments, metadata, public"],"strict":false,"volatility":"volatile"},
   "payments.notify_payment_succeeded()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"trigger","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=payments, metadata, public"],"strict":false,"volatility":"volatile"},
   "payments.notify_refund_succeeded()": {"arguments":[],"kind":"function","language":"plpgsql","returns":"trigger","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=payments, metadata, public"],"strict":false,"volatility":"volatile"},
   "public.create_payment_intent_sync(numeric, text)": {"arguments":[{"mode":"in","name":"p_amount","type":"numeric","default":null},{"mode":"in","name":"p_description","type":"text","default":"NULL::text"}],"kind":"function","language":"plpgsql","returns":"jsonb","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=payments, metadata, public"],"strict":false,"volatility":"volatile"},
   "public.initiate_payment_refund(uuid, numeric, text)": {"arguments":[{"mode":"in","name":"p_payment_id","type":"uuid","default":null},{"mode":"in","name":"p_amount","type":"numeric","default":null},{"mode":"in","name":"p_reason","type":"text","default":null}],"kind":"function","language":"plpgsql","returns":"uuid","returns_columns":[],"returns_set":false,"security_definer":true,"settings":["search_path=payments, metadata, public"],"strict":false,"volatility":"volatile"}
  },
  "indexes": {
   "metadata.webhooks.idx_webhooks_event_type": {"definition":"metadata.webhooks USING btree (event_type)","unique":false},
   "metadata.webhooks.idx_webhooks_processed": {"definition":"metadata.webhooks USING btree (processed, received_at)","unique":false},
   "metadata.webhooks.idx_webhooks_provider_event": {"definition":"metadata.webhooks USING btree (provider, provider_event_id)","unique":false},
   "payments.refunds.idx_refunds_created_at": {"definition":"payments.refunds USING btree (created_at DESC)","unique":false},
   "payments.refunds.idx_refunds_initiated_by": {"definition":"payments.refunds USING btree (initiated_by)","unique":false},
   "payments.refunds.idx_refunds_status": {"definition":"payments.refunds USING btree (status)","unique":false},
   "payments.refunds.idx_refunds_transaction_id": {"definition":"payments.refunds USING btree (transaction_id)","unique":false},
   "payments.transactions.idx_payments_transactions_created_at": {"definition":"payments.transactions USING btree (created_at DESC)","unique":false},
   "payments.transactions.idx_payments_transactions_provider_payment_id": {"definition":"payments.transactions USING btree (provider_payment_id) WHERE (provider_payment_id IS NOT NULL)","unique":false},
   "payments.transactions.idx_payments_transactions_status": {"definition":"payments.transactions USING btree (status)","unique":false},
   "payments.transactions.idx_payments_transactions_user_id": {"definition":"payments.transactions USING btree (user_id)","unique":false},
   "payments.transactions.idx_transactions_entity": {"definition":"payments.transactions USING btree (entity_type, entity_id) WHERE (entity_type IS NOT NULL)","unique":false}
  },
  "policies": {
   "payments.refunds.Refund managers create refunds": {"command":"insert","permissive":true,"roles":["authenticated"],"using":null,"with_check":"public.has_permission('payment_refunds'::text, 'create'::text)"},
   "payments.refunds.Refund managers see refunds": {"command":"select","permissive":true,"roles":["authenticated"],"using":"public.has_permission('payment_refunds'::text, 'read'::text)","with_check":null},
   "payments.transactions.Payment managers see all payments": {"command":"select","permissive":true,"roles":["authenticated"],"using":"public.has_permission('payment_transactions'::text, 'read'::text)","with_check":null},
   "payments.transactions.Users create own payments": {"command":"insert","permissive":true,"roles":["authenticated"],"using":null,"with_check":"(user_id = public.current_user_id())"},
   "payments.transactions.Users see own payments": {"command":"select","permissive":true,"roles":["authenticated"],"using":"(user_id = public.current_user_id())","with_check":null}
  },
  "row_security": {
   "metadata.webhooks": {"enabled":false,"forced":false},
   "payments.refunds": {"enabled":true,"forced":false},
   "payments.transactions": {"enabled":true,"forced":false}
  },
  "table_grants": {
   "public.payment_refunds TO authenticated": {"privileges":["SELECT"]},
   "public.payment_transactions TO authenticated": {"privileges":["SELECT"]},
   "public.payment_transactions TO web_anon": {"privileges":["SELECT"]}
  },
  "tables": {
   "metadata.webhooks": {"kind":"table","options":[],"persistence":"permanent"},
   "payments.refunds": {"kind":"table","options":[],"persistence":"permanent"},
   "payments.transactions": {"kind":"table","options":[],"persistence":"permanent"}
  },
  "triggers": {
   "payments.refunds.refund_succeeded_notification": {"columns":[],"enabled":"origin","events":["update"],"function":"payments.notify_refund_succeeded","level":"row","timing":"after","when":null},
   "payments.transactions.enqueue_create_intent_job_trigger": {"columns":[],"enabled":"origin","events":["insert"],"function":"payments.enqueue_create_intent_job","level":"row","timing":"after","when":"(new.status = 'pending_intent'::text)"},
   "payments.transactions.payment_succeeded_notification": {"columns":[],"enabled":"origin","events":["update"],"function":"payments.notify_payment_succeeded","level":"row","timing":"after","when":null}
  },
  "view_bodies": {
   "public.payment_refunds": {"hash":"7b76097ed8173c54858b9953e5d698cb"},
   "public.payment_transactions": {"hash":"56c30fc98e5504efabc537263b631bc1"}
  },
  "view_columns": {
   "public.payment_refunds.amount": {"position":3,"type":"numeric(10,2)"},
   "public.payment_refunds.created_at": {"position":10,"type":"timestamp with time zone"},
   "public.payment_refunds.error_message": {"position":9,"type":"text"},
   "public.payment_refunds.id": {"position":1,"type":"uuid"},
   "public.payment_refunds.initiated_by": {"position":5,"type":"uuid"},
   "public.payment_refunds.initiated_by_name": {"position":6,"type":"text"},
   "public.payment_refunds.payment_amount": {"position":12,"type":"numeric(10,2)"},
   "public.payment_refunds.payment_description": {"position":13,"type":"text"},
   "public.payment_refunds.processed_at": {"position":11,"type":"timestamp with time zone"},
   "public.payment_refunds.provider_payment_id": {"position":14,"type":"text"},
   "public.payment_refunds.provider_refund_id": {"position":7,"type":"text"},
   "public.payment_refunds.reason": {"position":4,"type":"text"},
   "public.payment_refunds.status": {"position":8,"type":"text"},
   "public.payment_refunds.transaction_id": {"position":2,"type":"uuid"},
   "public.payment_transactions.amount": {"position":6,"type":"numeric(10,2)"},
   "public.payment_transactions.created_at": {"position":19,"type":"timestamp with time zone"},
   "public.payment_transactions.currency": {"position":7,"type":"text"},
   "public.payment_transactions.description": {"position":17,"type":"text"},
   "public.payment_transactions.display_name": {"position":18,"type":"text"},
   "public.payment_transactions.effective_status": {"position":13,"type":"text"},
   "public.payment_transactions.entity_display_name": {"position":23,"type":"text"},
   "public.payment_transactions.entity_id": {"position":22,"type":"text"},
   "public.payment_transactions.entity_type": {"position":21,"type":"text"},
   "public.payment_transactions.error_message": {"position":14,"type":"text"},
   "public.payment_transactions.exact_status": {"position":24,"type":"text"},
   "public.payment_transactions.id": {"position":1,"type":"uuid"},
   "public.payment_transactions.pending_refund_count": {"position":12,"type":"bigint"},
   "public.payment_transactions.provider": {"position":15,"type":"text"},
   "public.payment_transactions.provider_client_secret": {"position":16,"type":"text"},
   "public.payment_transactions.provider_payment_id": {"position":9,"type":"text"},
   "public.payment_transactions.refund_count": {"position":11,"type":"bigint"},
   "public.payment_transactions.status": {"position":8,"type":"text"},
   "public.payment_transactions.stripe_payment_intent_id": {"position":25,"type":"text"},
   "public.payment_transactions.total_refunded": {"position":10,"type":"numeric"},
   "public.payment_transactions.updated_at": {"position":20,"type":"timestamp with time zone"},
   "public.payment_transactions.user_display_name": {"position":3,"type":"text"},
   "public.payment_transactions.user_email": {"position":5,"type":"character varying"},
   "public.payment_transactions.user_full_name": {"position":4,"type":"text"},
   "public.payment_transactions.user_id": {"position":2,"type":"uuid"}
  },
  "views": {
   "public.payment_refunds": {"accepts":[],"kind":"view","security_barrier":true,"security_invoker":false},
   "public.payment_transactions": {"accepts":[],"kind":"view","security_barrier":true,"security_invoker":false}
  }
 },
 "format": 1,
 "server": 15
}
$facts$);
