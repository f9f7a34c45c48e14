// Whether one's use is counted; shown only where the operator counts.

import { analyticsConfigured, browserForbidsAnalytics } from '~/lib/analytics'
import { t } from '~/lib/i18n/t'
import { saveSetting, useSetting } from '~/lib/settings'

export function PrivacyChoice() {
  const chosen = useSetting('analytics')
  if (!analyticsConfigured()) return null
  const forbidden = browserForbidsAnalytics()
  return (
    <section className="co-stack co-stack-tight">
      <h2 className="co-h3">{t('privacy.title')}</h2>
      <label className="co-check-row">
        <input
          type="checkbox"
          className="co-check"
          checked={chosen !== 'false' && !forbidden}
          disabled={forbidden}
          onChange={(event) => void saveSetting('analytics', String(event.target.checked))}
        />
        {t('privacy.count')}
      </label>
      <p className="co-muted co-small">{t(forbidden ? 'privacy.browser' : 'privacy.note')}</p>
    </section>
  )
}
