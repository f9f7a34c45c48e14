// Paying: waits for the provider's secret, shows the card form (Stripe's own, or the sandbox's), and
// stays until the database knows the outcome. A declined card leaves the form open and filled.

import { useEffect, useId, useRef, useState } from 'react'
import { Banner } from '~/components/banner'
import { Button, buttonClass } from '~/components/button'
import { Dialog } from '~/components/dialog'
import { runtimeConfig } from '~/config/runtime'
import { announce } from '~/lib/announce'
import { t } from '~/lib/i18n/t'
import { FINAL, type Payment, readPayment, showAmount, waitForPayment } from './payment-data'
import { loadStripe, type StripeForm } from './stripe'
import { tx } from './texts'

interface CheckoutProps {
  paymentId: string
  name: string
  onClose: () => void
}

type Phase =
  | { at: 'preparing' }
  | { at: 'form'; payment: Payment }
  | { at: 'confirming'; payment: Payment }
  | { at: 'slow' }
  | { at: 'over'; payment: Payment }
  | { at: 'failed'; text: string }

const PREPARE = { everyMs: 500, times: 60 }
const CONFIRM = { everyMs: 1000, times: 15 }

export default function CheckoutDialog({ paymentId, name, onClose }: CheckoutProps) {
  const [phase, setPhase] = useState<Phase>({ at: 'preparing' })
  const [problem, setProblem] = useState<string | null>(null)
  const [bank, setBank] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const abort = useRef(new AbortController())
  const totalId = useId()

  useEffect(() => {
    const controller = new AbortController()
    abort.current = controller
    const ready = (payment: Payment) => payment.secret !== null || FINAL.includes(payment.status)
    waitForPayment(paymentId, ready, PREPARE, controller.signal)
      .then((payment) => {
        if (!payment) setPhase({ at: 'failed', text: tx('pay.slowPreparing') })
        else
          setPhase(
            payment.secret && !FINAL.includes(payment.status) ? { at: 'form', payment } : { at: 'over', payment },
          )
      })
      .catch((error: unknown) => {
        if (!controller.signal.aborted) setPhase({ at: 'failed', text: error instanceof Error ? error.message : '' })
      })
    return () => controller.abort()
  }, [paymentId])

  const settle = async (payment: Payment) => {
    setPhase({ at: 'confirming', payment })
    announce(tx('pay.confirming'))
    // A refusal of an earlier try may still stand there.
    const over = (now: Payment) => FINAL.includes(now.status) && now.status !== 'failed'
    let outcome = await waitForPayment(paymentId, over, CONFIRM, abort.current.signal).catch(() => null)
    if (abort.current.signal.aborted) return
    if (!outcome) {
      const now = await readPayment(paymentId).catch(() => null)
      outcome = now && FINAL.includes(now.status) ? now : null
    }
    setPhase(outcome ? { at: 'over', payment: outcome } : { at: 'slow' })
  }

  const sandboxPay = async (payment: Payment, card: string) => {
    if (busy) return
    setBusy(true)
    setProblem(null)
    setBank(null)
    try {
      const answer = await fetch(`${runtimeConfig.stripe.sandbox}confirm`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ client_secret: payment.secret, card: card.replace(/\D/g, '') }),
      })
      const body = (await answer.json()) as {
        status?: string
        error?: { message?: string } | null
        next_action_url?: string | null
      }
      if (body.next_action_url) setBank(body.next_action_url)
      else if (body.error) {
        const text = tx('pay.declined', { reason: body.error.message ?? '' })
        setProblem(text)
        announce(text, true)
      } else await settle(payment)
    } catch {
      setProblem(t('problem.network'))
    }
    setBusy(false)
  }

  const payment = 'payment' in phase ? phase.payment : null
  const total = payment ? showAmount(payment.amount, payment.currency) : ''
  const locked = phase.at === 'confirming' || busy
  return (
    <Dialog
      title={tx('pay.title', { name })}
      onClose={onClose}
      locked={locked}
      actions={
        phase.at === 'form' ? undefined : (
          <>
            {phase.at === 'over' && phase.payment.status === 'succeeded' ? (
              <Button onClick={() => print()}>{tx('pay.print')}</Button>
            ) : null}
            {phase.at === 'slow' ? (
              <Button
                onClick={async () => {
                  const now = await readPayment(paymentId).catch(() => null)
                  if (now && FINAL.includes(now.status)) setPhase({ at: 'over', payment: now })
                }}
              >
                {tx('pay.checkAgain')}
              </Button>
            ) : null}
            {phase.at === 'confirming' ? null : <Button onClick={onClose}>{t('app.close')}</Button>}
          </>
        )
      }
    >
      <div className="co-stack" aria-describedby={totalId}>
        {payment ? (
          <dl className="co-pay-amounts" id={totalId}>
            {payment.fee > 0 ? (
              <>
                <div>
                  <dt>{tx('pay.amount')}</dt>
                  <dd className="co-numbers">{showAmount(payment.amount - payment.fee, payment.currency)}</dd>
                </div>
                <div>
                  <dt>{tx('pay.fee')}</dt>
                  <dd className="co-numbers">{showAmount(payment.fee, payment.currency)}</dd>
                </div>
              </>
            ) : null}
            <div>
              <dt>
                <strong>{tx('pay.total')}</strong>
              </dt>
              <dd className="co-numbers">
                <strong>{total}</strong>
              </dd>
            </div>
          </dl>
        ) : null}
        {phase.at === 'preparing' ? (
          <p role="status" aria-busy="true">
            {tx('pay.preparing')}
          </p>
        ) : phase.at === 'confirming' ? (
          <p role="status" aria-busy="true">
            {tx('pay.confirming')}
          </p>
        ) : phase.at === 'slow' ? (
          <p role="status">{tx('pay.slow')}</p>
        ) : phase.at === 'failed' ? (
          <Banner kind="error" urgent title={tx('pay.failed')}>
            {phase.text}
          </Banner>
        ) : phase.at === 'over' ? (
          <Outcome payment={phase.payment} />
        ) : (
          <>
            {problem ? (
              <Banner kind="error" urgent>
                {problem}
              </Banner>
            ) : null}
            {bank ? (
              <Banner
                kind="info"
                actions={
                  <a
                    className={buttonClass('primary')}
                    href={`${bank}&return_url=${encodeURIComponent(`/payment-success?payment=${paymentId}`)}`}
                  >
                    {tx('pay.toBank')}
                  </a>
                }
              >
                {tx('pay.bank')}
              </Banner>
            ) : null}
            {runtimeConfig.stripe.publishableKey ? (
              <StripeCard
                payment={phase.payment}
                total={total}
                paymentId={paymentId}
                onProblem={setProblem}
                onPaid={() => void settle(phase.payment)}
                onClose={onClose}
              />
            ) : runtimeConfig.stripe.sandbox ? (
              <SandboxCard
                total={total}
                busy={busy}
                onPay={(card) => void sandboxPay(phase.payment, card)}
                onClose={onClose}
              />
            ) : (
              <p>{tx('pay.off')}</p>
            )}
          </>
        )}
      </div>
    </Dialog>
  )
}

function Outcome({ payment }: { payment: Payment }) {
  if (payment.status === 'failed') {
    return (
      <Banner kind="error" urgent>
        {tx('pay.declined', { reason: payment.error ?? '' })}
      </Banner>
    )
  }
  if (payment.status === 'authorized') return <Banner kind="success">{tx('pay.reserved')}</Banner>
  if (payment.status === 'canceled') return <Banner kind="warning">{tx('pay.canceled')}</Banner>
  return (
    <Banner kind="success">
      <p>{tx('pay.paid')}</p>
      <p className="co-small">
        {tx('pay.reference')}: <code>{payment.id}</code>
      </p>
    </Banner>
  )
}

interface SandboxCardProps {
  total: string
  busy: boolean
  onPay: (card: string) => void
  onClose: () => void
}

function SandboxCard({ total, busy, onPay, onClose }: SandboxCardProps) {
  const id = useId()
  const [card, setCard] = useState('4242 4242 4242 4242')
  return (
    <form
      className="co-stack"
      onSubmit={(event) => {
        event.preventDefault()
        onPay(card)
      }}
    >
      <p className="co-field-note" id={`${id}-note`}>
        {tx('pay.sandbox')}
      </p>
      <div className="co-bound">
        <label htmlFor={id}>{tx('pay.card')}</label>
        <input
          id={id}
          className="co-input"
          inputMode="numeric"
          autoComplete="off"
          aria-describedby={`${id}-note`}
          data-autofocus
          value={card}
          onChange={(event) => setCard(event.target.value)}
        />
      </div>
      <div className="co-row">
        <Button look="primary" type="submit" waiting={busy}>
          {tx('pay.pay', { amount: total })}
        </Button>
        <Button onClick={onClose}>{t('app.cancel')}</Button>
      </div>
    </form>
  )
}

interface StripeCardProps {
  payment: Payment
  total: string
  paymentId: string
  onProblem: (text: string | null) => void
  onPaid: () => void
  onClose: () => void
}

function StripeCard({ payment, total, paymentId, onProblem, onPaid, onClose }: StripeCardProps) {
  const place = useRef<HTMLDivElement>(null)
  const [form, setForm] = useState<StripeForm | null>(null)
  const [blocked, setBlocked] = useState(0)
  const [busy, setBusy] = useState(false)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another try loads the script again
  useEffect(() => {
    let gone = false
    let mounted: StripeForm | null = null
    loadStripe(runtimeConfig.stripe.publishableKey, payment.secret ?? '')
      .then((loaded) => {
        if (gone || !place.current) return
        loaded.mount(place.current)
        mounted = loaded
        setForm(loaded)
      })
      .catch(() => {
        if (!gone) setBlocked((count) => (count === 0 ? 1 : count))
      })
    return () => {
      gone = true
      mounted?.unmount()
    }
  }, [payment.secret, blocked > 1])
  if (blocked === 1) {
    return (
      <Banner kind="error" urgent onRetry={() => setBlocked(2)}>
        {tx('pay.blocked')}
      </Banner>
    )
  }
  return (
    <div className="co-stack">
      <div ref={place} />
      <div className="co-row">
        <Button
          look="primary"
          waiting={busy || !form}
          onClick={async () => {
            if (!form || busy) return
            setBusy(true)
            onProblem(null)
            const refusal = await form.confirm(`${location.origin}/payment-success?payment=${paymentId}`)
            setBusy(false)
            if (refusal === null) onPaid()
            else onProblem(tx('pay.declined', { reason: refusal }))
          }}
        >
          {tx('pay.pay', { amount: total })}
        </Button>
        <Button onClick={onClose}>{t('app.cancel')}</Button>
      </div>
    </div>
  )
}
