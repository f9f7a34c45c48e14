// The button that pays for a record, where its application says how, until it is paid; then the way to the receipt.

import { Link } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { Banner } from '~/components/banner'
import { Button, buttonClass } from '~/components/button'
import { paths } from '~/config/paths'
import type { Entity, Property } from '~/lib/metadata/model'
import { callRpc, type WireRow } from '~/lib/postgrest/client'
import { describeProblem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { tx } from './texts'
import './payments.css'

const CheckoutDialog = lazy(() => import('./checkout-dialog'))

interface PayButtonProps {
  entity: Entity
  property: Property
  record: WireRow
  id: string
  name: string
}

const OPEN = ['pending_intent', 'pending']

export default function PayButton({ entity, property, record, id, name }: PayButtonProps) {
  const [paying, setPaying] = useState<string | null>(null)
  const [waiting, setWaiting] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const value = record[property.column]
  const payment = typeof value === 'object' && value !== null ? (value as WireRow) : null
  const status = payment ? String(payment.status) : null
  const paid = ['succeeded', 'refunded', 'partially_refunded'].includes(status ?? '')
  if (payment && paid) {
    return (
      <Link to={paths.receipt()} search={{ payment: String(payment.id) }} className={buttonClass()}>
        {tx('receipt.show')}
      </Link>
    )
  }
  if (!entity.paymentFunction || paid) return null
  const unfinished = payment !== null && OPEN.includes(status ?? '')

  const start = async () => {
    if (waiting) return
    setProblem(null)
    if (payment && unfinished) return setPaying(String(payment.id))
    setWaiting(true)
    try {
      const answer = await callRpc(entity.paymentFunction ?? '', { p_entity_id: id })
      const key: unknown = Array.isArray(answer) ? answer[0] : answer
      setPaying(String(typeof key === 'object' && key !== null ? Object.values(key)[0] : key))
    } catch (error) {
      const described = describeProblem(error, { attempt: 'update' })
      // The application's own words are shown as they are.
      setProblem(error instanceof Error && described.facts.length > 0 ? error.message : described.text)
    }
    setWaiting(false)
  }

  return (
    <>
      <Button look="primary" waiting={waiting} onClick={() => void start()}>
        {tx(unfinished ? 'pay.complete' : 'pay.now')}
      </Button>
      {problem ? (
        <Banner kind="error" urgent title={tx('pay.failed')}>
          {problem}
        </Banner>
      ) : null}
      {paying ? (
        <Suspense>
          <CheckoutDialog
            paymentId={paying}
            name={name}
            onClose={() => {
              setPaying(null)
              void queryClient.invalidateQueries({ queryKey: ['record', entity.key, id] })
              void queryClient.invalidateQueries({ queryKey: ['rows', entity.key] })
            }}
          />
        </Suspense>
      ) : null}
    </>
  )
}
