// The box on top of a form that could not be saved: takes focus, and every line leads to its field.

import { useEffect, useRef } from 'react'
import { t } from '~/lib/i18n/t'
import './error-summary.css'

interface ErrorSummaryProps {
  problems: readonly { text: string; fieldId?: string; facts?: readonly { label: string; value: string }[] }[]
  /** A new value takes focus again. */
  focusKey: number
}

export function ErrorSummary({ problems, focusKey }: ErrorSummaryProps) {
  const box = useRef<HTMLDivElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: focusKey is the signal
  useEffect(() => {
    box.current?.focus()
    box.current?.scrollIntoView({ block: 'center' })
  }, [focusKey])
  return (
    <div className="co-error-summary" ref={box} tabIndex={-1}>
      <div role="alert">
        <h2>{t('form.problem', { n: problems.length })}</h2>
        <ul>
          {problems.map((problem) => (
            <li key={`${problem.fieldId ?? ''} ${problem.text}`}>
              {problem.fieldId ? (
                <a
                  href={`#${problem.fieldId}`}
                  onClick={(event) => {
                    event.preventDefault()
                    const field = document.getElementById(problem.fieldId ?? '')
                    field?.scrollIntoView({ block: 'center' })
                    field?.focus({ preventScroll: true })
                  }}
                >
                  {problem.text}
                </a>
              ) : (
                <span>{problem.text}</span>
              )}
            </li>
          ))}
        </ul>
      </div>
      {problems.map((problem) =>
        problem.facts && problem.facts.length > 0 ? (
          <details key={`facts ${problem.text}`}>
            <summary>{t('app.details')}</summary>
            <dl className="co-banner-facts">
              {problem.facts.map((fact) => (
                <div key={fact.label}>
                  <dt>{fact.label}</dt>
                  <dd>{fact.value}</dd>
                </div>
              ))}
            </dl>
          </details>
        ) : null,
      )}
    </div>
  )
}
