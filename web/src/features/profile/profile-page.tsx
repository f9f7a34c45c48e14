// My profile: who I am for this application, which roles came with the sign-in, what I may do, what the
// server makes of it, and through which channels I am notified.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { SignInPage } from '~/components/access'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { Icon } from '~/components/icon'
import { Loading } from '~/components/loading'
import { Page } from '~/components/page'
import { PrivacyChoice } from '~/components/privacy-choice'
import { runtimeConfig } from '~/config/runtime'
import { analyticsConfigured } from '~/lib/analytics'
import { announce } from '~/lib/announce'
import { useSession } from '~/lib/auth/session'
import { deviceZone, personZone } from '~/lib/format/dates'
import { showPhone } from '~/lib/format/numbers'
import { chooseLanguage, currentLanguage, LANGUAGES, t } from '~/lib/i18n/t'
import { useModel } from '~/lib/metadata/model-context'
import { readRows, updateRows } from '~/lib/postgrest/client'
import { PostgrestError } from '~/lib/postgrest/errors'
import { eq } from '~/lib/postgrest/query'
import { describeProblem, type Problem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { saveSetting, useSetting } from '~/lib/settings'
import { setTheme, THEMES, type Theme, useTheme } from '~/lib/theme'
import { ServerView } from './server-view'
import './profile.css'

const preferencesQuery = queryOptions({
  queryKey: ['notification-preferences'],
  queryFn: ({ signal }) =>
    readRows({ table: 'notification_preferences', select: ['*'], order: [{ by: 'channel', dir: 'asc' }] }, signal),
  staleTime: 0,
})

function Notifications() {
  const query = useQuery(preferencesQuery)
  const [problem, setProblem] = useState<Problem | null>(null)
  if (query.error instanceof PostgrestError && query.error.status === 404) return null
  if (query.isPending) return <Loading lines={2} />
  if (query.isError) {
    return (
      <Banner kind="error" onRetry={() => void query.refetch()}>
        {describeProblem(query.error, { attempt: 'read' }).text}
      </Banner>
    )
  }
  const change = async (channel: string, enabled: boolean) => {
    setProblem(null)
    try {
      await updateRows('notification_preferences', [eq('channel', channel)], { enabled })
      announce(t('profile.preferenceSaved'))
    } catch (error) {
      setProblem(describeProblem(error, { attempt: 'update' }))
    }
    await queryClient.invalidateQueries({ queryKey: preferencesQuery.queryKey })
  }
  return (
    <section className="co-card co-stack co-stack-tight">
      <h2 className="co-h3">{t('profile.notifications')}</h2>
      {problem ? (
        <Banner kind="error" urgent>
          {problem.text}
        </Banner>
      ) : null}
      {query.data.length === 0 ? <p className="co-muted">{t('profile.noPreferences')}</p> : null}
      {query.data.map((row) => {
        const channel = String(row.channel)
        const address = channel === 'sms' ? showPhone(String(row.phone_number ?? '')) : String(row.email_address ?? '')
        return (
          <label key={channel} className="co-check-row">
            <input
              type="checkbox"
              className="co-check"
              checked={row.enabled === true}
              onChange={(event) => void change(channel, event.target.checked)}
            />
            <span>
              {t(channel === 'sms' ? 'profile.bySms' : 'profile.byEmail')} <bdi dir="ltr">{address}</bdi>
            </span>
          </label>
        )
      })}
    </section>
  )
}

/** Theme, language, zone: the same choices as in the account menu, and where they can be compared. */
function Display() {
  const theme = useTheme()
  const zone = useSetting('zone') ?? 'device'
  const ids = { theme: useId(), language: useId(), zone: useId() }
  const organisation = runtimeConfig.timeZone
  return (
    <section className="co-card co-stack co-stack-tight">
      <h2 className="co-h3">{t('profile.display')}</h2>
      <div className="co-profile-choices">
        <label htmlFor={ids.theme}>{t('user.theme')}</label>
        <select
          id={ids.theme}
          className="co-input"
          value={theme}
          onChange={(event) => setTheme(event.target.value as Theme)}
        >
          {THEMES.map((choice) => (
            <option key={choice} value={choice}>
              {t(`theme.${choice}`)}
            </option>
          ))}
        </select>
        <label htmlFor={ids.language}>{t('user.language')}</label>
        <select
          id={ids.language}
          className="co-input"
          value={currentLanguage()}
          onChange={(event) => void chooseLanguage(event.target.value)}
        >
          {LANGUAGES.map(({ tag, name }) => (
            <option key={tag} value={tag} lang={tag}>
              {name}
            </option>
          ))}
        </select>
        {organisation && organisation !== deviceZone() ? (
          <>
            <label htmlFor={ids.zone}>{t('profile.zone')}</label>
            <select
              id={ids.zone}
              className="co-input"
              value={zone}
              onChange={(event) => void chooseZone(event.target.value)}
            >
              <option value="device">{t('profile.zoneDevice', { zone: deviceZone() })}</option>
              <option value="organisation">{t('profile.zoneOrganisation', { zone: organisation })}</option>
            </select>
          </>
        ) : null}
      </div>
      <p className="co-muted co-small">{t('profile.displayNote')}</p>
    </section>
  )
}

/** Every time on the page changes with it: the page is loaded again. */
async function chooseZone(zone: string): Promise<void> {
  await saveSetting('zone', zone)
  location.reload()
}

function Rights() {
  const model = useModel()
  return (
    <section className="co-card co-stack co-stack-tight">
      <h2 className="co-h3" id="rights">
        {t('profile.rights')}
      </h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard */}
      <section className="co-rights" tabIndex={0} aria-labelledby="rights">
        <table>
          <thead>
            <tr>
              <th scope="col">{t('profile.recordType')}</th>
              <th scope="col">{t('right.create')}</th>
              <th scope="col">{t('right.read')}</th>
              <th scope="col">{t('right.update')}</th>
              <th scope="col">{t('right.delete')}</th>
            </tr>
          </thead>
          <tbody>
            {model.entities.map((entity) => (
              <tr key={entity.key}>
                <th scope="row" dir="auto">
                  {entity.name}
                </th>
                {(['create', 'read', 'update', 'delete'] as const).map((right) => (
                  <td key={right}>
                    {entity.can[right] ? <Icon name="check" size={16} /> : <span aria-hidden="true">–</span>}
                    <span className="co-hidden">{t(entity.can[right] ? 'value.yes' : 'value.no')}</span>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  )
}

export function ProfilePage() {
  const session = useSession()
  const model = useModel()
  const [copied, setCopied] = useState(false)
  if (session.state === 'starting') return <Loading />
  if (session.state === 'anonymous') return <SignInPage />
  const { person } = session
  const { keycloak } = runtimeConfig
  const facts = [
    { label: t('profile.name'), value: person.name },
    { label: t('profile.email'), value: person.email ?? t('value.notSet') },
    { label: t('profile.id'), value: person.id },
    { label: t('profile.roles'), value: person.roles.length > 0 ? person.roles.join(', ') : t('value.none') },
    { label: t('profile.zone'), value: personZone() },
  ]
  const copy = async () => {
    const rights = model.entities.map(
      ({ key, can }) =>
        `${key}: ${can.create ? 'C' : '-'}${can.read ? 'R' : '-'}${can.update ? 'U' : '-'}${can.delete ? 'D' : '-'}`,
    )
    await navigator.clipboard.writeText([...facts.map((fact) => `${fact.label}: ${fact.value}`), ...rights].join('\n'))
    setCopied(true)
    announce(t('profile.copied'))
  }
  return (
    <Page
      title={t('user.profile')}
      narrow
      actions={
        <Button icon="copy" onClick={() => void copy()}>
          {copied ? t('profile.copied') : t('profile.copy')}
        </Button>
      }
    >
      <section className="co-card co-stack co-stack-tight" aria-label={t('profile.me')}>
        <dl className="co-profile-facts">
          {facts.map((fact) => (
            <div key={fact.label}>
              <dt>{fact.label}</dt>
              <dd dir="auto">{fact.value}</dd>
            </div>
          ))}
        </dl>
        {keycloak ? (
          <p>
            <a
              href={`${keycloak.url}/realms/${keycloak.realm}/account?referrer=${encodeURIComponent(keycloak.clientId)}&referrer_uri=${encodeURIComponent(location.href)}`}
            >
              {t('profile.account')}
            </a>
          </p>
        ) : null}
      </section>
      <Notifications />
      <Display />
      {analyticsConfigured() ? (
        <div className="co-card">
          <PrivacyChoice />
        </div>
      ) : null}
      <Rights />
      <ServerView />
    </Page>
  )
}
