// The bar on top: menu button on small screens, the organisation, account and settings.

import { Link, useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { Button } from '~/components/button'
import { Dialog } from '~/components/dialog'
import { MenuButton } from '~/components/menu-button'
import { PrivacyChoice } from '~/components/privacy-choice'
import { paths } from '~/config/paths'
import { runtimeConfig } from '~/config/runtime'
import { signIn, signOut, useSession } from '~/lib/auth/session'
import type { MessageKey } from '~/lib/i18n/messages-en'
import { chooseLanguage, currentLanguage, LANGUAGES, t } from '~/lib/i18n/t'
import { setTheme, THEMES, type Theme, useTheme } from '~/lib/theme'
import { PHONE, useMedia } from '~/lib/viewport'

const Bell = lazy(() => import('~/features/notifications/bell'))

const THEME_NAMES: Readonly<Record<Theme, MessageKey>> = {
  system: 'theme.system',
  light: 'theme.light',
  dark: 'theme.dark',
  contrast: 'theme.contrast',
}

function AboutDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={t('about.title', { organisation: runtimeConfig.branding.name })} onClose={onClose}>
      <div className="co-stack">
        <p>Civic OS {runtimeConfig.version}</p>
        <p>{t('about.licence')}</p>
        <p>
          <a href={runtimeConfig.swaggerUrl}>{t('about.apiDocs')}</a>
        </p>
        <PrivacyChoice />
      </div>
    </Dialog>
  )
}

function AccountMenu({ onKeys }: { onKeys: () => void }) {
  const session = useSession()
  const theme = useTheme()
  const navigate = useNavigate()
  const [about, setAbout] = useState(false)
  const person = session.state === 'signed-in' ? session.person : null
  return (
    <>
      <MenuButton
        label={person ? t('user.menu', { name: person.name }) : t('user.guestMenu')}
        icon={person ? 'person' : 'dots'}
        iconOnly
        look="quiet"
        className="co-header-menu"
        head={
          person ? (
            <>
              <strong dir="auto">{person.name}</strong>
              {person.email ? (
                <div className="co-small" dir="ltr">
                  {person.email}
                </div>
              ) : null}
            </>
          ) : undefined
        }
        groups={[
          ...(person
            ? [
                {
                  items: [
                    {
                      key: 'profile',
                      label: t('user.profile'),
                      icon: 'person' as const,
                      onSelect: () => void navigate({ to: paths.profile() }),
                    },
                  ],
                },
              ]
            : []),
          {
            label: t('user.theme'),
            items: THEMES.map((choice) => ({
              key: choice,
              label: t(THEME_NAMES[choice]),
              checked: theme === choice,
              onSelect: () => setTheme(choice),
            })),
          },
          {
            label: t('user.language'),
            items: LANGUAGES.map(({ tag, name }) => ({
              key: tag,
              label: name,
              checked: currentLanguage() === tag,
              onSelect: () => void chooseLanguage(tag),
            })),
          },
          {
            items: [
              { key: 'keys', label: t('user.keys'), icon: 'list' as const, onSelect: onKeys },
              { key: 'about', label: t('user.about'), icon: 'info' as const, onSelect: () => setAbout(true) },
              ...(person
                ? [
                    {
                      key: 'sign-out',
                      label: t('user.signOut'),
                      icon: 'signOut' as const,
                      onSelect: () => void signOut(),
                    },
                  ]
                : []),
            ],
          },
        ]}
      />
      {about ? <AboutDialog onClose={() => setAbout(false)} /> : null}
    </>
  )
}

interface HeaderProps {
  onMenu: () => void
  /** Whether the docked menu is there; undefined where the button opens it over the page. */
  menuShown: boolean | undefined
  onSearch?: () => void
  onKeys: () => void
}

export function Header({ onMenu, menuShown, onSearch, onKeys }: HeaderProps) {
  const phone = useMedia(PHONE)
  const session = useSession()
  const [failed, setFailed] = useState(false)
  const { branding } = runtimeConfig
  return (
    <header className="co-header co-no-print">
      <Button look="quiet" icon="menu" iconOnly aria-expanded={menuShown} onClick={onMenu}>
        {t(menuShown === undefined ? 'nav.openMenu' : 'nav.menu')}
      </Button>
      <Link to={paths.home()} className="co-brand">
        {branding.logo ? (
          <span className="co-logo-plate">
            <img src={branding.logo} alt="" height={40} />
          </span>
        ) : null}
        <span dir="auto">{branding.name}</span>
      </Link>
      <div className="co-header-end">
        {failed ? <span role="alert">{t('user.signInFailed')}</span> : null}
        {onSearch ? (
          <Button look="quiet" icon="search" iconOnly={phone} aria-keyshortcuts="Control+K Meta+K" onClick={onSearch}>
            {t('palette.open')}
          </Button>
        ) : null}
        {session.state === 'signed-in' ? (
          <Suspense>
            <Bell />
          </Suspense>
        ) : null}
        {session.state === 'anonymous' && runtimeConfig.keycloak ? (
          <Button
            className="co-sign-in"
            onClick={() => {
              setFailed(false)
              signIn().catch(() => setFailed(true))
            }}
          >
            {t('user.signIn')}
          </Button>
        ) : null}
        <AccountMenu onKeys={onKeys} />
      </div>
    </header>
  )
}
