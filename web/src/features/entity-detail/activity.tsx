// What has happened around a record, newest first: added, changed, files, payments, messages about it. Only what
// the person may read is there; the database keeps no other history.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { useId } from 'react'
import { Banner } from '~/components/banner'
import { Loading } from '~/components/loading'
import { personZone, showInstant } from '~/lib/format/dates'
import { area } from '~/lib/i18n/area'
import type { Entity, Model } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import { readRows, type WireRow } from '~/lib/postgrest/client'
import { eq } from '~/lib/postgrest/query'
import { describeProblem } from '~/lib/problem'
import { showAmount } from '~/records/payment-data'

const tx = area({
  en: {
    title: 'Activity',
    added: 'Added',
    changed: 'Last changed',
    file: 'File uploaded: {name}',
    payment: 'Payment of {amount}',
    refunded: 'Payment of {amount}, of which {refund} was given back',
    message: 'Message to you: {subject}',
  },
  es: {
    title: 'Actividad',
    added: 'Añadido',
    changed: 'Último cambio',
    file: 'Archivo subido: {name}',
    payment: 'Pago de {amount}',
    refunded: 'Pago de {amount}, del que se devolvió {refund}',
    message: 'Mensaje para usted: {subject}',
  },
})

/** Most entries of each kind. */
const LIMIT = 20

interface Happened {
  at: string
  text: string
}

const happened = (at: unknown, text: string): Happened[] => (typeof at === 'string' ? [{ at, text }] : [])

/** Tables that may know of this record; asked only where they can. */
function sourcesOf(model: Model, entity: Entity, signedIn: boolean) {
  const types = new Set(model.properties(entity.key).map(({ type }) => type))
  const files = types.has('File') || types.has('FileImage') || types.has('FilePDF')
  return { files, payments: signedIn && types.has('Payment'), messages: signedIn }
}

function activityQuery(entity: Entity, id: string, sources: ReturnType<typeof sourcesOf>) {
  const about = [eq('entity_type', entity.key), eq('entity_id', id)]
  const newest = { conditions: about, order: [{ by: 'created_at', dir: 'desc' as const }], limit: LIMIT }
  return queryOptions({
    queryKey: ['activity', entity.key, id, sources],
    queryFn: async ({ signal }): Promise<Happened[]> => {
      const read = (wanted: boolean, table: string, select: string[]): Promise<WireRow[]> =>
        wanted ? readRows({ table, select, ...newest }, signal) : Promise.resolve([])
      const [files, payments, messages] = await Promise.all([
        read(sources.files, 'files', ['file_name', 'created_at']),
        read(sources.payments, 'payment_transactions', ['amount', 'currency', 'total_refunded', 'created_at']),
        read(sources.messages, 'my_notifications', ['subject', 'created_at']),
      ])
      return [
        ...files.flatMap((row) => happened(row.created_at, tx('file', { name: String(row.file_name) }))),
        ...payments.flatMap((row) => {
          const money = (amount: unknown) => showAmount(Number(amount), String(row.currency ?? 'USD'))
          const amount = money(row.amount)
          return happened(
            row.created_at,
            Number(row.total_refunded ?? 0) > 0
              ? tx('refunded', { amount, refund: money(row.total_refunded) })
              : tx('payment', { amount }),
          )
        }),
        ...messages.flatMap((row) => happened(row.created_at, tx('message', { subject: String(row.subject ?? '') }))),
      ]
    },
  })
}

interface ActivityProps {
  entity: Entity
  id: string
  record: WireRow
  signedIn: boolean
}

export default function Activity({ entity, id, record, signedIn }: ActivityProps) {
  const headingId = useId()
  const model = useModel()
  const query = useQuery(activityQuery(entity, id, sourcesOf(model, entity, signedIn)))
  const changed = record.updated_at !== record.created_at ? record.updated_at : null
  const entries = [
    ...happened(record.created_at, tx('added')),
    ...happened(changed, tx('changed')),
    ...(query.data ?? []),
  ].sort((a, b) => Date.parse(b.at) - Date.parse(a.at))
  if (entries.length === 0 && !query.isError) return null
  return (
    <section className="co-card co-stack co-stack-tight" aria-labelledby={headingId}>
      <h2 id={headingId} className="co-h3">
        {tx('title')}
      </h2>
      {query.isPending ? <Loading lines={2} /> : null}
      {query.isError ? (
        <Banner
          kind="error"
          facts={describeProblem(query.error, { attempt: 'read' }).facts}
          onRetry={() => void query.refetch()}
        >
          {describeProblem(query.error, { attempt: 'read' }).text}
        </Banner>
      ) : null}
      <ol className="co-activity">
        {entries.map(({ at, text }) => (
          <li key={`${at} ${text}`}>
            <time dateTime={at} className="co-muted co-numbers">
              {showInstant(at, personZone())}
            </time>{' '}
            <span dir="auto">{text}</span>
          </li>
        ))}
      </ol>
    </section>
  )
}
