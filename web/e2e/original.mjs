// The requests of the original client (release 0.15), as it sends them: same addresses, headers and bodies, against the
// real binary and a real database. What it reads of the answers is looked at; it must be able to live on this API.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { accessToken, signIn, visitor } from './browser.mjs'

const ACCEPT = 'application/json, text/plain, */*'
const SAMPLE_LIST =
  'select=display_name,status_id:statuses!status_id(id,display_name,color),category_id:categories(id,display_name),' +
  'reporter_id:civic_os_users!reporter_id(id,display_name,full_name,phone,email),location:location_text,' +
  'photo:files!photo(id,file_name,file_type,file_size,s3_key_prefix,s3_original_key,s3_thumbnail_small_key,' +
  's3_thumbnail_medium_key,s3_thumbnail_large_key,thumbnail_status,thumbnail_error,created_at),' +
  'service_request_tags_m2m:service_request_tags!service_request_id(tags!tag_id(id,display_name,color)),id'
const PAYMENT =
  'payment_id:payment_transactions!payment_id(id,amount,currency,status,effective_status,total_refunded,refund_count,' +
  'pending_refund_count,display_name,error_message,created_at)'

export function originalTests(world) {
  describe('the original client', { concurrency: 1 }, () => {
    const tokens = {}
    const tokenOf = async (name) => {
      if (!(name in tokens)) {
        const page = await visitor(await world.browser(), (await world.demo('town')).url)
        await signIn(page, name)
        tokens[name] = await accessToken(page)
        await page.context().close()
      }
      return tokens[name]
    }
    /** One request as it sends it; the answer with its body read. */
    const ask = async (method, path, { as, body, headers = {} } = {}) => {
      const { url } = await world.demo('town')
      const answer = await fetch(`${url}/api/${path}`, {
        method,
        headers: {
          Accept: ACCEPT,
          ...(as ? { Authorization: `Bearer ${await tokenOf(as)}` } : {}),
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      })
      const text = await answer.text()
      return { status: answer.status, headers: answer.headers, body: text === '' ? null : JSON.parse(text), text }
    }
    const well = async (...request) => {
      const answer = await ask(...request)
      assert.ok(answer.status < 300, `${request[0]} ${request[1]}: ${answer.status} ${answer.text}`)
      return answer
    }
    const rpc = (name, body, as) => well('POST', `rpc/${name}`, { as, body })
    const has = (row, ...members) => {
      for (const member of members) assert.ok(member in row, `${member} in ${JSON.stringify(row).slice(0, 300)}`)
    }
    const RETURN = { Prefer: 'return=representation' }

    test('its configuration is complete: no member is read in vain', async () => {
      const { url } = await world.demo('town')
      const script = await (await fetch(`${url}/assets/config.js`)).text()
      const config = JSON.parse(/civicOsConfig\s*=\s*(\{[\s\S]*\})\s*;?/.exec(script)?.[1] ?? 'null')
      has(config, 'postgrestUrl', 'swaggerUrl', 'map', 'keycloak', 's3', 'stripe', 'matomo')
      assert.match(config.postgrestUrl, /\/$/)
      has(config.map, 'tileUrl', 'attribution', 'defaultCenter', 'defaultZoom')
      has(config.keycloak, 'url', 'realm', 'clientId')
      has(config.s3, 'endpoint', 'bucket')
      has(config.stripe, 'publishableKey')
      has(config.matomo, 'url', 'siteId', 'enabled')
      for (const file of ['silent-check-sso.html', 'health']) {
        assert.equal((await fetch(`${url}/${file}`)).status, 200, file)
      }
    })

    test('it starts: views and functions of the first page, signed in or not', async () => {
      for (const as of [undefined, 'resident']) {
        const entities = (await well('GET', 'schema_entities', { as })).body
        has(entities[0], 'display_name', 'sort_order', 'description', 'search_fields', 'show_map', 'map_property_name')
        has(entities[0], 'table_name', 'insert', 'select', 'update', 'delete', 'show_calendar')
        has(
          entities[0],
          'calendar_property_name',
          'calendar_color_property',
          'payment_initiation_rpc',
          'payment_capture_mode',
        )
        const properties = (await well('GET', 'schema_properties', { as })).body
        has(properties[0], 'table_catalog', 'table_schema', 'table_name', 'column_name', 'display_name', 'sort_order')
        has(properties[0], 'column_width', 'sortable', 'filterable', 'show_on_list', 'show_on_create', 'show_on_edit')
        has(properties[0], 'show_on_detail', 'column_default', 'is_nullable', 'data_type', 'character_maximum_length')
        has(
          properties[0],
          'udt_schema',
          'udt_name',
          'is_self_referencing',
          'is_identity',
          'is_generated',
          'is_updatable',
        )
        has(properties[0], 'join_schema', 'join_table', 'join_column', 'geography_type', 'status_entity_type')
        assert.ok(properties.every((row) => Array.isArray(row.validation_rules)))
        const versions = (await well('GET', 'schema_cache_versions', { as })).body
        for (const name of ['entities', 'properties', 'constraint_messages']) {
          assert.ok(versions.find((row) => row.cache_name === name)?.version, name)
        }
        has((await well('GET', 'constraint_messages', { as })).body[0], 'constraint_name', 'error_message')
        const dashboards = (await rpc('get_dashboards', {}, as)).body
        const home = (await rpc('get_user_default_dashboard', {}, as)).body
        assert.equal(typeof home, 'number')
        has(
          (await rpc('get_dashboard', { p_dashboard_id: home }, as)).body,
          'id',
          'display_name',
          'is_default',
          'widgets',
        )
        assert.ok(Array.isArray(dashboards))
        assert.equal((await rpc('get_dashboard', { p_dashboard_id: 987654 }, as)).body, null)
        assert.equal(typeof (await rpc('is_admin', {}, as)).body, 'boolean')
        const right = { p_table_name: 'service_requests', p_permission: 'create' }
        assert.equal(typeof (await rpc('has_permission', right, as)).body, 'boolean')
        const statuses = (await rpc('get_statuses_for_entity', { p_entity_type: 'service_request' }, as)).body
        has(statuses[0], 'id', 'display_name', 'color')
      }
      await rpc('refresh_current_user', {}, 'resident')
    })

    test('it reads lists, records, choices, related records and exports', async () => {
      const range = { 'Range-Unit': 'items', Range: '0-24', Prefer: 'count=exact' }
      const as = 'staff'
      const total = (answer) => Number(/\/(\d+)$/.exec(answer.headers.get('content-range'))?.[1])
      const list = (query, headers = range) => well('GET', `service_requests?${SAMPLE_LIST}${query}`, { as, headers })
      const page = await list('&order=category_id(display_name).asc')
      assert.equal(page.status, 206)
      assert.equal(page.body.length, 25)
      assert.ok(total(page) > 5000)
      const [row] = page.body
      has(row.status_id, 'id', 'display_name', 'color')
      assert.ok(Array.isArray(row.service_request_tags_m2m))
      assert.match(String(row.location), /^POINT\(/)
      for (const query of [
        '&order=reporter_id(display_name).desc',
        '&order=status_id.asc',
        '&order=status_id(display_name).asc',
        '&civic_os_text_search=wfts.pothole%20road',
        '&status_id=in.(1,2,3)&created_at=gte.2020-01-01&created_at=lte.2099-01-01',
        '&estimated_cost=gte.1&estimated_cost=lte.100000',
        '&category_id=eq.1',
        '&display_name=ilike.*a*&id=neq.1',
        '&photo=is.null',
      ]) {
        assert.ok((await list(query)).body.length >= 0, query)
      }
      const past = await ask('GET', `service_requests?${SAMPLE_LIST}`, {
        as,
        headers: { ...range, Range: '99999975-99999999' },
      })
      assert.equal(past.status, 416)
      const counted = await well('GET', 'service_requests?select=id', { as, headers: { ...range, Range: '0-0' } })
      assert.equal(total(counted), total(page))
      const [record] = (await well('GET', `service_requests?${SAMPLE_LIST}&id=eq.${row.id}`, { as })).body
      assert.equal(record.id, row.id)
      assert.deepEqual((await well('GET', `service_requests?${SAMPLE_LIST}&id=eq.0`, { as })).body, [])
      for (const [path, headers] of [
        ['service_requests?select=display_name,status_id,location:location_text,due_date,id&id=eq.1'],
        ['categories?select=id:id,display_name,id&order=id.asc'],
        ['civic_os_users?select=id,display_name,full_name,phone,email&order=display_name.asc'],
        ['civic_os_users?select=id,display_name&order=display_name.asc'],
        ['work_orders?service_request_id=eq.1&select=id,display_name&limit=5', { Prefer: 'count=exact' }],
        ['tags?select=id,display_name,color&order=display_name.asc'],
        ['categories?select=id,display_name'],
        ['statuses?select=id,display_name&entity_type=eq.service_request'],
        ['service_requests?select=id,display_name,location:location_text,location_text&status_id=in.(1,2)'],
        ['service_requests?select=id,display_name&order=id.desc&status_id=in.(1,2)'],
        [`dog_licences?select=display_name,${PAYMENT},id`],
      ]) {
        assert.ok(Array.isArray((await well('GET', path, { as, headers })).body), path)
      }
    })

    test('it writes: strings for numbers, explicit nulls, links, an import, a deletion', async () => {
      const as = 'staff'
      const created = await well('POST', 'service_requests', {
        as,
        headers: RETURN,
        body: {
          display_name: 'From the original client',
          category_id: '1',
          neighbourhood_id: '1',
          description: null,
          due_date: null,
          estimated_cost: 12.34,
        },
      })
      assert.equal(created.status, 201)
      const [{ id, created_at }] = created.body
      assert.match(created_at, /\+00:00$/, 'moments are in UTC')
      assert.equal(created.body[0].estimated_cost, '$12.34')
      const changed = await well('PATCH', `service_requests?id=eq.${id}`, {
        as,
        headers: RETURN,
        body: { display_name: 'Changed by it', location: 'SRID=4326;POINT(-83.7 43.01)', photo: null },
      })
      assert.match(changed.body[0].location, /^0101000020E6100000/i, 'places are EWKB')
      // What Angular makes of an emptied choice.
      const refused = await ask('PATCH', `service_requests?id=eq.${id}`, {
        as,
        headers: RETURN,
        body: { asset_id: 'null' },
      })
      assert.deepEqual([refused.status, refused.body.code], [400, '22P02'])
      has(refused.body, 'code', 'message', 'details', 'hint')
      const link = { service_request_id: id, tag_id: 1 }
      const linked = await well('POST', 'service_request_tags', {
        as,
        headers: { Prefer: 'return=minimal' },
        body: link,
      })
      assert.deepEqual([linked.status, linked.text], [201, ''])
      await well('DELETE', `service_request_tags?service_request_id=eq.${id}&tag_id=eq.1`, { as })
      const rows = ['one', 'two'].map((name) => ({
        display_name: `It imported ${name}`,
        category_id: 1,
        neighbourhood_id: 1,
        description: null,
      }))
      const imported = await well('POST', 'service_requests', { as, headers: RETURN, body: rows })
      assert.equal(imported.body.length, 2)
      const broken = await ask('POST', 'service_requests', {
        as,
        headers: RETURN,
        body: [rows[0], { ...rows[1], display_name: 'no' }],
      })
      assert.deepEqual([broken.status, broken.body.code], [400, '23514'])
      assert.match(broken.body.message, /constraint "service_requests_title_length"/)
      const admin = 'admin'
      for (const made of [id, ...imported.body.map((row) => row.id)]) {
        await well('DELETE', `service_requests?id=eq.${made}`, { as: admin })
      }
      const anonymous = await ask('POST', 'service_requests', { headers: RETURN, body: rows[0] })
      assert.deepEqual([anonymous.status, anonymous.body.code], [401, '42501'])
    })

    test('it administers: roles, entities, properties, templates, preferences', async () => {
      const as = 'admin'
      const roles = (await rpc('get_roles', {}, as)).body
      has(roles[0], 'id', 'display_name', 'description')
      for (const body of [{ p_role_id: String(roles[0].id) }, { p_role_id: roles[0].id }, {}]) {
        has(
          (await rpc('get_role_permissions', body, as)).body[0],
          'role_id',
          'role_name',
          'table_name',
          'permission_type',
          'has_permission',
        )
      }
      const right = { p_role_id: String(roles[0].id), p_table_name: 'tags', p_permission: 'delete' }
      const held = (await rpc('get_role_permissions', { p_role_id: roles[0].id }, as)).body.find(
        (row) => row.table_name === 'tags' && row.permission_type === 'delete',
      )?.has_permission
      assert.equal((await rpc('set_role_permission', { ...right, p_enabled: !held }, as)).body.success, true)
      assert.equal((await rpc('set_role_permission', { ...right, p_enabled: Boolean(held) }, as)).body.success, true)
      const twice = { p_display_name: 'original_role', p_description: null }
      assert.equal((await rpc('create_role', twice, as)).body.success, true)
      has((await rpc('create_role', twice, as)).body, 'success', 'error')
      const [entity] = (await well('GET', 'schema_entities', { as })).body.filter((row) => row.table_name === 'tags')
      await rpc(
        'upsert_entity_metadata',
        {
          p_table_name: 'tags',
          p_display_name: entity.display_name,
          p_description: entity.description,
          p_sort_order: entity.sort_order,
          p_show_map: false,
          p_map_property_name: null,
          p_show_calendar: false,
          p_calendar_property_name: null,
          p_calendar_color_property: null,
        },
        as,
      )
      await rpc('update_entity_sort_order', { p_table_name: 'tags', p_sort_order: entity.sort_order }, as)
      const property = (await well('GET', 'schema_properties', { as })).body.find(
        (row) => row.table_name === 'tags' && row.column_name === 'color',
      )
      await rpc(
        'upsert_property_metadata',
        {
          p_table_name: 'tags',
          p_column_name: 'color',
          p_display_name: property.display_name,
          p_description: property.description,
          p_sort_order: property.sort_order,
          p_column_width: property.column_width,
          p_sortable: property.sortable,
          p_filterable: property.filterable,
          p_show_on_list: property.show_on_list,
          p_show_on_create: property.show_on_create,
          p_show_on_edit: property.show_on_edit,
          p_show_on_detail: property.show_on_detail,
        },
        as,
      )
      await rpc(
        'update_property_sort_order',
        { p_table_name: 'tags', p_column_name: 'color', p_sort_order: property.sort_order },
        as,
      )

      has(
        (await well('GET', 'notification_templates?select=*&order=name.asc', { as })).body[0],
        'id',
        'name',
        'html_template',
        'sms_template',
      )
      const template = {
        name: 'from_the_original',
        description: '',
        entity_type: '',
        subject_template: 's',
        html_template: '<p>h</p>',
        text_template: 't',
        sms_template: '',
      }
      const [{ id }] = (await well('POST', 'notification_templates', { as, headers: RETURN, body: template })).body
      assert.equal((await ask('POST', 'notification_templates', { as, headers: RETURN, body: template })).status, 409)
      const changed = await well('PATCH', `notification_templates?id=eq.${id}`, {
        as,
        headers: RETURN,
        body: { ...template, description: 'd' },
      })
      assert.equal(changed.body[0].description, 'd')
      await well('DELETE', `notification_templates?id=eq.${id}`, { as })
      const parts = { p_subject_template: 's', p_html_template: null, p_text_template: null, p_sms_template: null }
      for (const [start, results, body] of [
        ['validate_template_parts', 'get_validation_results', parts],
        ['preview_template_parts', 'get_preview_results', { ...parts, p_sample_entity_data: { a: 1 } }],
      ]) {
        const [{ validation_id }] = (await rpc(start, body, as)).body
        assert.ok((await rpc(results, { p_validation_id: validation_id }, as)).body[0].status, results)
      }
      const preferences = (await well('GET', 'notification_preferences?select=*&order=channel.asc', { as: 'resident' }))
        .body
      assert.equal(new Set(preferences.map((row) => row.user_id)).size, 1, 'only the own preferences')
      const patched = await well('PATCH', 'notification_preferences?channel=eq.email', {
        as: 'resident',
        headers: RETURN,
        body: { enabled: true },
      })
      assert.equal(patched.body.length, 1)
    })

    test('it uploads, pays and looks at payments', async () => {
      const as = 'resident'
      const asked = {
        p_entity_type: 'service_requests',
        p_entity_id: '1',
        p_file_name: 'x.png',
        p_file_type: 'image/png',
      }
      const { body: request } = await rpc('request_upload_url', asked, as)
      assert.equal(typeof request, 'string')
      const first = (await well('GET', `rpc/get_upload_url?p_request_id=${request}`, { as })).body
      assert.ok(['pending', 'completed'].includes(first[0].status), 'an element already on the first poll')
      assert.deepEqual(
        (await well('GET', 'files?id=eq.00000000-0000-0000-0000-000000000000&select=thumbnail_status', { as })).body,
        [],
      )
      const [licence] = (
        await well('POST', 'dog_licences', { as, headers: RETURN, body: { display_name: 'Original Rex' } })
      ).body
      const payment = (await rpc('pay_dog_licence', { p_entity_id: String(licence.id) }, as)).body
      const [uuid] = Array.isArray(payment) ? payment : [payment]
      const [row] = (
        await well('GET', `payment_transactions?select=id,amount,provider_client_secret,status&id=eq.${uuid}`, { as })
      ).body
      has(row, 'id', 'amount', 'provider_client_secret', 'status')
      const list = `payment_transactions?select=*&or=(description.ilike.*rex*,user_email.ilike.*rex*)&created_at=gte.2020-01-01T00:00:00Z&order=created_at.desc&limit=25&offset=0`
      const found = await well('GET', list, { as: 'admin', headers: { Prefer: 'count=exact' } })
      assert.match(found.headers.get('content-range'), /\/(\d+|\*)/)
      await well('GET', `payment_refunds?transaction_id=eq.${uuid}&order=created_at.desc`, { as: 'admin' })
      assert.deepEqual(
        (await ask('GET', `payment_transactions?select=id&id=eq.${uuid}`)).body ?? [],
        [],
        'not for strangers',
      )
    })
  })
}
