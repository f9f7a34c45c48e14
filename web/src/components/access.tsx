// Refused, unknown or not signed in: the pages that stand in for one that may not be shown.

import { Link } from '@tanstack/react-router'
import { Button, buttonClass } from '~/components/button'
import { StatePage } from '~/components/page'
import { paths } from '~/config/paths'
import { runtimeConfig } from '~/config/runtime'
import { signIn, useSession } from '~/lib/auth/session'
import { t } from '~/lib/i18n/t'

export function SignInPage({ title }: { title?: string }) {
  return (
    <StatePage
      title={title ?? t('signInPage.title')}
      actions={
        <>
          <Button look="primary" onClick={() => void signIn()}>
            {t('user.signIn')}
          </Button>
          <Link to={paths.home()} className={buttonClass()}>
            {t('app.goHome')}
          </Link>
        </>
      }
    >
      <p>{t('signInPage.text')}</p>
    </StatePage>
  )
}

export function RefusedPage({ title }: { title: string }) {
  const session = useSession()
  if (session.state !== 'signed-in') return <SignInPage />
  return (
    <StatePage
      title={title}
      actions={
        <>
          <Link to={paths.home()} className={buttonClass('primary')}>
            {t('app.goHome')}
          </Link>
          <Button onClick={() => void signIn()}>{t('refused.switch')}</Button>
          <Link to={paths.profile()} className={buttonClass('quiet')}>
            {t('refused.whoAmI')}
          </Link>
        </>
      }
    >
      <p>{t('refused.text', { organisation: runtimeConfig.branding.name })}</p>
      <p>{t('refused.signedInAs', { name: session.person.email ?? session.person.name })}</p>
    </StatePage>
  )
}

export function UnknownPage() {
  const session = useSession()
  return (
    <StatePage
      title={t('notFound.title')}
      actions={
        <>
          <Link to={paths.home()} className={buttonClass('primary')}>
            {t('app.goHome')}
          </Link>
          {session.state === 'anonymous' && runtimeConfig.keycloak ? (
            <Button onClick={() => void signIn()}>{t('user.signIn')}</Button>
          ) : null}
        </>
      }
    >
      <p>{t('notFound.text')}</p>
    </StatePage>
  )
}
