// Sends a saved template with a sample to one person, and waits for what the worker made of it. What a client may see of that:
// the person's own inbox, which is written when the worker is done, and the ledger of deliveries, which administrators read.

import { callRpc, readRows, type WireRow } from '~/lib/postgrest/client'
import { eq } from '~/lib/postgrest/query'

export type TestOutcome =
  | { at: 'sent'; to: string }
  /** The mail server would not take it; `why` in its words. */
  | { at: 'refused'; to: string; why: string }
  /** The person has switched mail off. */
  | { at: 'off' }
  /** The person wants mail in digests. */
  | { at: 'digest' }
  /** No mail was tried: there is no server for it, no address, or the address is blocked. */
  | { at: 'noMail' }
  /** Nothing is known yet. */
  | { at: 'waiting' }

const LOOK_MS = 250
const LOOKS = 60

/** Throws what the API refuses. Ends after a quarter of a minute at the latest, or with the signal. */
export async function sendTest(
  template: string,
  sample: unknown,
  person: string,
  signal: AbortSignal,
): Promise<TestOutcome> {
  const id = Number(
    await callRpc(
      'create_notification',
      { p_user_id: person, p_template_name: template, p_entity_data: sample, p_channels: ['email'] },
      signal,
    ),
  )
  for (let look = 0; look < LOOKS; look++) {
    const shown = await readRows({ table: 'my_notifications', select: ['id'], conditions: [eq('id', id)] }, signal)
    if (shown.length > 0) return outcome(id, signal)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    signal.throwIfAborted()
  }
  return { at: 'waiting' }
}

async function outcome(id: number, signal: AbortSignal): Promise<TestOutcome> {
  const mail = eq('channel', 'email')
  const first = async (table: string, select: string, more: ReturnType<typeof eq>[] = [], schema?: 'metadata') => {
    const rows: (WireRow | undefined)[] = await readRows(
      { table, select: select.split(','), conditions: [mail, ...more] },
      signal,
      schema,
    )
    return rows[0]
  }
  const delivery = await first(
    'notification_deliveries',
    'state,recipient,reply',
    [eq('notification_id', id)],
    'metadata',
  )
  if (delivery) {
    const to = String(delivery.recipient)
    if (delivery.state === 'sent') return { at: 'sent', to }
    return delivery.state === 'failed' ? { at: 'refused', to, why: String(delivery.reply ?? '') } : { at: 'waiting' }
  }
  const preference = await first('notification_preferences', 'enabled')
  if (preference?.enabled === false) return { at: 'off' }
  const digest = await first('notification_digests', 'frequency')
  return { at: digest && digest.frequency !== 'immediate' ? 'digest' : 'noMail' }
}
