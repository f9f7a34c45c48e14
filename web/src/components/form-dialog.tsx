// A dialog that sends something: one button that waits and ignores further presses, one place for what
// was refused. Dangerous ones start on "Cancel", unless a field asks for focus.

import { type FormEvent, type ReactNode, useState } from 'react'
import { t } from '~/lib/i18n/t'
import { messagesFor } from '~/lib/metadata/queries'
import { describeProblem, type ProblemContext } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { Banner } from './banner'
import { Button } from './button'
import { Dialog } from './dialog'
import type { IconName } from './icon'

/** Sends; words say what is missing and keep the dialog open. */
type Sending = () => Promise<string | undefined>

interface FormDialogProps {
  title: string
  onClose: () => void
  /** Words on the button. */
  submit: string
  /** What is sent is irrevocable. */
  danger?: boolean
  icon?: IconName
  onSubmit: Sending
  /** What was tried, for the words of a refusal. */
  attempt?: ProblemContext['attempt']
  /** Other words for a refusal than those of `attempt`. */
  describe?: (error: unknown) => string
  /** Heading of a refusal. */
  problemTitle?: string
  /** Further buttons; `run` gives them the same waiting and the same place for refusals. */
  extra?: (run: (send: Sending) => void) => ReactNode
  children?: ReactNode | ((run: (send: Sending) => void) => ReactNode)
}

export function FormDialog(props: FormDialogProps) {
  const { title, onClose, submit, danger, icon, onSubmit, attempt = 'update', describe, problemTitle, extra } = props
  const [problem, setProblem] = useState<string | null>(null)
  const [waiting, setWaiting] = useState(false)

  const run = async (send: Sending) => {
    if (waiting) return
    setWaiting(true)
    setProblem(null)
    try {
      const missing = await send()
      if (missing === undefined) return onClose()
      setProblem(missing)
    } catch (error) {
      const constraintMessages = describe ? [] : await messagesFor(error, queryClient)
      setProblem(describe ? describe(error) : describeProblem(error, { attempt, constraintMessages }).text)
    }
    setWaiting(false)
  }
  const start = (send: Sending) => void run(send)
  return (
    <Dialog
      title={title}
      onClose={onClose}
      locked={waiting}
      actions={
        <>
          <Button look={danger ? 'danger' : 'primary'} icon={icon} waiting={waiting} onClick={() => start(onSubmit)}>
            {submit}
          </Button>
          <Button data-autofocus={danger || undefined} onClick={onClose}>
            {t('app.cancel')}
          </Button>
          {extra?.(start)}
        </>
      }
    >
      <form
        className="co-stack"
        noValidate
        onSubmit={(event: FormEvent) => {
          event.preventDefault()
          start(onSubmit)
        }}
      >
        {problem ? (
          <Banner kind="error" urgent title={problemTitle}>
            {problem}
          </Banner>
        ) : null}
        {typeof props.children === 'function' ? props.children(start) : props.children}
      </form>
    </Dialog>
  )
}
