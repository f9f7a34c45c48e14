// People of the embedded identity provider: invite, roles, disable, help with lost passwords.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useId, useState } from 'react'
import * as z from 'zod/mini'
import { RefusedPage, SignInPage } from '~/components/access'
import { Banner } from '~/components/banner'
import { Button } from '~/components/button'
import { FormDialog } from '~/components/form-dialog'
import { Loading } from '~/components/loading'
import { Page } from '~/components/page'
import { runtimeConfig } from '~/config/runtime'
import { announce } from '~/lib/announce'
import { useSession } from '~/lib/auth/session'
import { flash } from '~/lib/flash'
import { personZone, showInstant } from '~/lib/format/dates'
import { t } from '~/lib/i18n/t'
import { askServer, readRpc } from '~/lib/postgrest/client'
import { describeProblem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'
import { tx } from './texts'
import '~/components/register.css'
import './users.css'

const text = z._default(z.nullable(z.string()), null)
const user = z.object({
  id: z.string(),
  username: z.string(),
  email: text,
  given_name: text,
  family_name: text,
  phone_number: text,
  enabled: z.boolean(),
  roles: z._default(z.array(z.string()), []),
  has_password: z._default(z.boolean(), true),
  has_second_factor: z._default(z.boolean(), false),
  last_sign_in_at: text,
  invited_until: text,
})
type User = z.infer<typeof user>
const list = z.object({ users: z.array(user), total: z.number() })
const delivery = z.object({ user, sent: z._default(z.boolean(), false), link: text, problem: text })
type Delivery = z.infer<typeof delivery>

const PAGE_SIZE = 50
const door = () => runtimeConfig.userAdministration

const usersQuery = (search: string, page: number) =>
  queryOptions({
    queryKey: ['users', search, page],
    queryFn: async ({ signal }) => {
      const query = new URLSearchParams({ search, limit: String(PAGE_SIZE), offset: String((page - 1) * PAGE_SIZE) })
      return z.parse(list, await askServer(`${door()}?${query}`, { signal }))
    },
    placeholderData: (previous) => previous,
  })

const rolesQuery = queryOptions({
  queryKey: ['role-names'],
  queryFn: async ({ signal }) => {
    const names = (await readRpc('get_roles', {}, signal)).map((row) => String(row.display_name))
    return names.filter((name) => name !== 'anonymous')
  },
})

const nameOf = (person: User) => [person.given_name, person.family_name].filter(Boolean).join(' ') || person.username

function stateOf(person: User): string {
  if (!person.enabled) return tx('disabled')
  if (person.has_password) return tx('active')
  return person.invited_until
    ? tx('invited', { until: showInstant(person.invited_until, personZone()) })
    : tx('waiting')
}

export function UsersPage() {
  const session = useSession()
  if (session.state === 'starting') return <Loading />
  if (session.state === 'anonymous') return <SignInPage />
  if (!session.person.roles.includes('admin')) return <RefusedPage title={t('refused.title', { name: tx('title') })} />
  if (!door()) {
    return (
      <Page title={tx('title')}>
        <p>{tx('absent')}</p>
      </Page>
    )
  }
  return <Users />
}

function Users() {
  const navigate = useNavigate()
  const id = useId()
  const search = useSearch({ strict: false }) as Record<string, string>
  const page = /^[1-9]\d{0,5}$/.test(search.page ?? '') ? Number(search.page) : 1
  const query = useQuery(usersQuery(search.q ?? '', page))
  const [open, setOpen] = useState<User | 'new' | null>(null)
  const [delivered, setDelivered] = useState<Delivery | null>(null)
  const people = query.data?.users ?? []
  const total = query.data?.total ?? 0
  const from = (page - 1) * PAGE_SIZE + 1
  const onDelivery = (result: Delivery) => {
    setOpen(null)
    setDelivered(result)
    void queryClient.invalidateQueries({ queryKey: ['users'] })
  }
  return (
    <Page
      title={tx('title')}
      below={<p className="co-muted">{tx('help')}</p>}
      actions={
        <Button look="primary" icon="plus" onClick={() => setOpen('new')}>
          {tx('invite')}
        </Button>
      }
    >
      {delivered ? <DeliveryNote delivery={delivered} /> : null}
      <div className="co-bound co-users-find">
        <label htmlFor={id} className="co-small">
          {tx('find')}
        </label>
        <input
          id={id}
          type="search"
          className="co-input"
          key={search.q}
          defaultValue={search.q ?? ''}
          onBlur={(event) => {
            const q = event.target.value.trim()
            if (q !== (search.q ?? '')) void navigate({ to: '.', search: q ? { q } : {} })
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter') event.currentTarget.blur()
          }}
        />
      </div>
      {query.isError ? (
        <Banner kind="error" urgent onRetry={() => void query.refetch()}>
          {describeProblem(query.error, { attempt: 'read' }).text}
        </Banner>
      ) : query.isPending ? (
        <Loading />
      ) : people.length === 0 ? (
        <p>{tx('none')}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard
        <section className="co-register" tabIndex={0} aria-label={tx('title')}>
          <table className="co-card-table">
            <thead>
              <tr>
                {(['name', 'email', 'roles', 'state', 'last'] as const).map((key) => (
                  <th key={key} scope="col">
                    {tx(key)}
                  </th>
                ))}
                <th scope="col">
                  <span className="co-hidden">{t('detail.edit')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {people.map((person) => (
                <tr key={person.id}>
                  <th scope="row">
                    <span dir="auto">{nameOf(person)}</span>
                    <span className="co-muted co-small"> {person.username}</span>
                  </th>
                  <td data-label={tx('email')}>
                    <bdi dir="ltr">{person.email ?? '–'}</bdi>
                  </td>
                  <td data-label={tx('roles')}>{person.roles.join(', ')}</td>
                  <td data-label={tx('state')}>
                    {stateOf(person)}
                    {person.has_second_factor ? ` · ${tx('secondFactor')}` : ''}
                  </td>
                  <td data-label={tx('last')} className="co-numbers">
                    {person.last_sign_in_at ? showInstant(person.last_sign_in_at, personZone()) : tx('never')}
                  </td>
                  <td>
                    <Button look="quiet" icon="edit" iconOnly onClick={() => setOpen(person)}>
                      {tx('edit', { name: nameOf(person) })}
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {people.length > 0 ? (
        <div className="co-spread">
          <span role="status" className="co-muted co-numbers">
            {tx('range', { from, to: from + people.length - 1, total })}
          </span>
          <span className="co-row">
            {page > 1 ? (
              <Button onClick={() => void navigate({ to: '.', search: { ...search, page: String(page - 1) } })}>
                {tx('back')}
              </Button>
            ) : null}
            {from + people.length - 1 < total ? (
              <Button onClick={() => void navigate({ to: '.', search: { ...search, page: String(page + 1) } })}>
                {tx('more')}
              </Button>
            ) : null}
          </span>
        </div>
      ) : null}
      {open ? (
        <PersonDialog
          person={open === 'new' ? null : open}
          onClose={() => setOpen(null)}
          onDelivery={onDelivery}
          onDone={(message) => {
            setOpen(null)
            flash({ kind: 'success', text: message }, 'here')
            void queryClient.invalidateQueries({ queryKey: ['users'] })
          }}
        />
      ) : null}
    </Page>
  )
}

function DeliveryNote({ delivery: { user: person, sent, link, problem } }: { delivery: Delivery }) {
  const name = nameOf(person)
  if (sent) return <Banner kind="success">{tx('sent', { name })}</Banner>
  if (!link) return <Banner kind="warning">{problem ?? ''}</Banner>
  return (
    <Banner
      kind="info"
      actions={
        <Button icon="copy" onClick={() => void navigator.clipboard.writeText(link).then(() => announce(tx('copied')))}>
          {tx('copy')}
        </Button>
      }
    >
      <p>{tx('handOver', { name })}</p>
      <code className="co-users-link">{link}</code>
    </Banner>
  )
}

const FIELDS = ['email', 'given_name', 'family_name', 'phone_number'] as const

interface PersonDialogProps {
  person: User | null
  onClose: () => void
  onDelivery: (delivery: Delivery) => void
  onDone: (message: string) => void
}

function PersonDialog({ person, onClose, onDelivery, onDone }: PersonDialogProps) {
  const id = useId()
  const names = useQuery(rolesQuery)
  const [fields, setFields] = useState<Readonly<Record<(typeof FIELDS)[number], string>>>({
    email: person?.email ?? '',
    given_name: person?.given_name ?? '',
    family_name: person?.family_name ?? '',
    phone_number: person?.phone_number ?? '',
  })
  const [roles, setRoles] = useState<readonly string[]>(person?.roles ?? ['user'])
  const [enabled, setEnabled] = useState(person?.enabled ?? true)
  const name = person ? nameOf(person) : ''

  const save = async () => {
    if (fields.email.trim() === '' && !person) return tx('needEmail')
    const values = Object.fromEntries(FIELDS.map((field) => [field, fields[field].trim() || null]))
    if (person) {
      await askServer(`${door()}/${person.id}`, { method: 'PATCH', body: { ...values, roles, enabled } })
      onDone(tx('saved', { name }))
    } else {
      const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
      onDelivery(z.parse(delivery, await askServer(door(), { method: 'POST', body: { ...given, roles } })))
    }
    return undefined
  }
  return (
    <FormDialog
      title={person ? tx('edit', { name }) : tx('inviteTitle')}
      onClose={onClose}
      submit={person ? t('form.save') : tx('send')}
      onSubmit={save}
      problemTitle={tx('failed')}
      describe={(error) => {
        const described = describeProblem(error, { attempt: 'update' })
        // What the door says is written for administrators.
        return error instanceof Error && described.facts.length > 0 ? error.message : described.text
      }}
    >
      {(run) => (
        <>
          {FIELDS.map((field) => (
            <div key={field} className="co-bound">
              <label htmlFor={`${id}-${field}`}>{tx(field)}</label>
              <input
                id={`${id}-${field}`}
                className="co-input"
                type={field === 'email' ? 'email' : field === 'phone_number' ? 'tel' : 'text'}
                autoComplete="off"
                value={fields[field]}
                onChange={(event) => setFields((all) => ({ ...all, [field]: event.target.value }))}
              />
            </div>
          ))}
          <fieldset>
            <legend className="co-field-label">{tx('roles')}</legend>
            {(names.data ?? roles).map((role) => (
              <label key={role} className="co-check-row">
                <input
                  type="checkbox"
                  className="co-check"
                  checked={roles.includes(role)}
                  onChange={(event) =>
                    setRoles(event.target.checked ? [...roles, role] : roles.filter((other) => other !== role))
                  }
                />
                {role}
              </label>
            ))}
          </fieldset>
          {person ? (
            <>
              <label className="co-check-row">
                <input
                  type="checkbox"
                  className="co-check"
                  checked={enabled}
                  onChange={(event) => setEnabled(event.target.checked)}
                />
                {tx('enabled')}
              </label>
              <div className="co-row">
                <Button
                  onClick={() =>
                    run(async () => {
                      onDelivery(z.parse(delivery, await askServer(`${door()}/${person.id}/link`, { method: 'POST' })))
                      return undefined
                    })
                  }
                >
                  {tx('link')}
                </Button>
                <Button
                  onClick={() =>
                    run(async () => {
                      await askServer(`${door()}/${person.id}/sign-out`, { method: 'POST' })
                      onDone(tx('signedOut', { name }))
                      return undefined
                    })
                  }
                >
                  {tx('signOut')}
                </Button>
                {person.has_second_factor ? (
                  <Button
                    onClick={() =>
                      run(async () => {
                        await askServer(`${door()}/${person.id}/second-factor`, { method: 'DELETE' })
                        onDone(tx('factorRemoved', { name }))
                        return undefined
                      })
                    }
                  >
                    {tx('removeFactor')}
                  </Button>
                ) : null}
              </div>
            </>
          ) : null}
        </>
      )}
    </FormDialog>
  )
}
