// The state of a self-saving setting.

import { Button } from '~/components/button'
import { Icon } from '~/components/icon'
import { t } from '~/lib/i18n/t'
import type { SaveState } from './use-autosave'

export function SaveNote({ state }: { state: SaveState | undefined }) {
  if (!state) return null
  if (state.state === 'saving') return <span className="co-muted co-small">{t('form.saving')}</span>
  if (state.state === 'saved') {
    return (
      <span className="co-row co-tight co-small co-saved">
        <Icon name="check" size={16} />
        {t('admin.saved')}
      </span>
    )
  }
  return (
    <span className="co-row co-small co-save-failed">
      <Icon name="error" size={16} />
      {state.text}
      <Button look="quiet" onClick={state.retry}>
        {t('app.tryAgain')}
      </Button>
    </span>
  )
}
