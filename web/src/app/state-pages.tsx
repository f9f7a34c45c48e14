// Pages of the router itself: unknown address, crash.

import { UnknownPage } from '~/components/access'
import { Button } from '~/components/button'
import { StatePage } from '~/components/page'
import { t } from '~/lib/i18n/t'

export const NotFoundPage = UnknownPage

export function CrashPage({ error }: { error: unknown }) {
  return (
    <StatePage
      title={t('crash.title')}
      actions={
        <Button look="primary" onClick={() => location.reload()}>
          {t('crash.reload')}
        </Button>
      }
    >
      <p>{t('crash.text')}</p>
      <p className="co-muted co-small">{error instanceof Error ? error.message : String(error)}</p>
    </StatePage>
  )
}
