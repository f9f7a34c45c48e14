// Home without a dashboard: a welcome and one card per record type.

import { Link } from '@tanstack/react-router'
import { Page } from '~/components/page'
import { paths } from '~/config/paths'
import { runtimeConfig } from '~/config/runtime'
import { useSession } from '~/lib/auth/session'
import { t } from '~/lib/i18n/t'
import { menuEntities } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import './home.css'

export function HomePage() {
  const model = useModel()
  const session = useSession()
  const entities = menuEntities(model)
  return (
    <Page title={t('home.welcome', { organisation: runtimeConfig.branding.name })} windowTitle={t('home.title')}>
      {entities.length === 0 ? (
        <p>{t(session.state === 'signed-in' ? 'home.nothingSignedIn' : 'home.nothing')}</p>
      ) : (
        <>
          <p className="co-muted">{t('home.choose')}</p>
          <ul className="co-home-cards">
            {entities.map((entity) => (
              <li key={entity.key} className="co-card co-home-card">
                <h2>
                  <Link to={paths.list(entity.key)} dir="auto">
                    {entity.plural}
                  </Link>
                </h2>
                {entity.help ? <p dir="auto">{entity.help}</p> : null}
                {entity.can.create ? (
                  <Link to={paths.create(entity.key)} className="co-home-add">
                    {t('list.add', { name: entity.name })}
                  </Link>
                ) : null}
              </li>
            ))}
          </ul>
        </>
      )}
    </Page>
  )
}
