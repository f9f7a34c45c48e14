// Waiting: nothing for a moment, then grey shapes, after four seconds a word.

import { useEffect, useState } from 'react'
import { t } from '~/lib/i18n/t'
import './loading.css'

export function Loading({ lines = 6 }: { lines?: number }) {
  const [phase, setPhase] = useState<'nothing' | 'shapes' | 'slow'>('nothing')
  useEffect(() => {
    const soon = setTimeout(() => setPhase('shapes'), 150)
    const later = setTimeout(() => setPhase('slow'), 4000)
    return () => {
      clearTimeout(soon)
      clearTimeout(later)
    }
  }, [])
  return (
    <div aria-busy="true" className="co-loading">
      <span role="status" className={phase === 'slow' ? 'co-muted' : 'co-hidden'}>
        {phase === 'slow' ? t('app.stillLoading') : phase === 'shapes' ? t('app.loading') : ''}
      </span>
      {phase === 'nothing'
        ? null
        : Array.from({ length: lines }, (_, line) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: shapes have no identity
            <div key={line} className="co-skeleton" />
          ))}
    </div>
  )
}
