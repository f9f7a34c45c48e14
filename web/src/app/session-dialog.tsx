// A session ended while somebody works: sign in beside the page, which stays as it is.

import { useState } from 'react'
import { Button } from '~/components/button'
import { Dialog } from '~/components/dialog'
import { forgetSession, signInAgain } from '~/lib/auth/session'
import { t } from '~/lib/i18n/t'

export default function SessionDialog() {
  const [blocked, setBlocked] = useState(false)
  const [waiting, setWaiting] = useState(false)
  return (
    <Dialog
      title={t('session.title')}
      onClose={forgetSession}
      actions={
        <>
          <Button
            look="primary"
            data-autofocus
            onClick={async () => {
              setWaiting(true)
              setBlocked(!(await signInAgain()))
              setWaiting(false)
            }}
          >
            {t(waiting ? 'session.signInOnce' : 'session.signIn')}
          </Button>
          <Button onClick={forgetSession}>{t('session.later')}</Button>
        </>
      }
    >
      <p>{t('session.text')}</p>
      {blocked ? <p role="alert">{t('session.popupBlocked')}</p> : null}
    </Dialog>
  )
}
