// "Test to me": the template with the sample on the screen, as mail to whoever edits it.

import { useEffect, useRef, useState } from 'react'
import { Button } from '~/components/button'
import { useSession } from '~/lib/auth/session'
import { flash } from '~/lib/flash'
import { describeProblem } from '~/lib/problem'
import { sendTest, type TestOutcome } from './test-mail'
import { tx } from './texts'

function words(outcome: TestOutcome): { kind: 'success' | 'info' | 'warning'; text: string } {
  switch (outcome.at) {
    case 'sent':
      return { kind: 'success', text: tx('test.sent', { to: outcome.to }) }
    case 'refused':
      return { kind: 'warning', text: tx('test.refused', { to: outcome.to, why: outcome.why }) }
    case 'off':
      return { kind: 'warning', text: tx('test.off') }
    case 'noMail':
      return { kind: 'warning', text: tx('test.noMail') }
    case 'digest':
      return { kind: 'info', text: tx('test.digest') }
    default:
      return { kind: 'info', text: tx('test.waiting') }
  }
}

interface TestButtonProps {
  /** Name of the template as it is saved. */
  name: string
  sample: unknown
  /** Why it cannot be sent now; said when the button is pressed. */
  hindrance: string | null
  onProblem: (text: string | null) => void
}

export function TestButton({ name, sample, hindrance, onProblem }: TestButtonProps) {
  const session = useSession()
  const [waiting, setWaiting] = useState(false)
  const leaving = useRef<AbortController | null>(null)
  useEffect(() => {
    const controller = new AbortController()
    leaving.current = controller
    return () => controller.abort()
  }, [])
  const send = async () => {
    onProblem(hindrance)
    const { signal } = leaving.current ?? new AbortController()
    if (hindrance || session.state !== 'signed-in') return
    setWaiting(true)
    try {
      flash(words(await sendTest(name, sample, session.person.id, signal)), 'here')
    } catch (error) {
      if (!signal.aborted) onProblem(describeProblem(error, { attempt: 'create' }).text)
    }
    setWaiting(false)
  }
  return (
    <Button waiting={waiting} onClick={() => void send()}>
      {waiting ? tx('test.sending') : tx('test.send')}
    </Button>
  )
}
