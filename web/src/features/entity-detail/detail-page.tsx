// One record: its fields, the records linked to it, and what may be done with it.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useMemo, useState } from 'react'
import { RefusedPage, SignInPage, UnknownPage } from '~/components/access'
import { Banner } from '~/components/banner'
import { Button, buttonClass } from '~/components/button'
import { Icon } from '~/components/icon'
import { Loading } from '~/components/loading'
import { MenuButton } from '~/components/menu-button'
import { Page, StatePage } from '~/components/page'
import { paths } from '~/config/paths'
import { useSession } from '~/lib/auth/session'
import { t } from '~/lib/i18n/t'
import { letterKey } from '~/lib/letter-keys'
import { detailProperties, type Entity, type Model } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import { readSelect, settleKeys } from '~/lib/metadata/select'
import { readRows, type WireRow } from '~/lib/postgrest/client'
import { eq } from '~/lib/postgrest/query'
import { describeProblem } from '~/lib/problem'
import { lastList } from '~/lib/remember-list'
import { parseSearch } from '~/lib/search'
import { saveSetting, useSetting } from '~/lib/settings'
import { PropertyValue } from '~/property-types/property-value'
import { useChangedElsewhere } from '~/records/live'
import { useNeighbours } from '~/records/neighbours'
import { DeleteDialog } from './delete-dialog'
import { LinksSection } from './links-editor'
import { NeighbourLinks } from './neighbour-links'
import { relatedTotal } from './related-records'
import { RelatedLists } from './related-tabs'
import { StatusMenu } from './status-menu'
import { tx } from './texts'
import './detail.css'

const Activity = lazy(() => import('./activity'))
const PayButton = lazy(() => import('~/records/pay-button'))

async function readRecord(model: Model, entity: Entity, id: string, signal?: AbortSignal): Promise<WireRow | null> {
  const select = readSelect(model, entity, detailProperties(model, entity.key))
  const rows = await readRows(
    { table: entity.key, select, conditions: [eq(entity.idColumn ?? 'id', id)], limit: 1 },
    signal,
  )
  return settleKeys(rows)[0] ?? null
}

const recordQuery = (model: Model, entity: Entity, id: string) =>
  queryOptions({
    queryKey: ['record', entity.key, id, 'read'],
    queryFn: ({ signal }) => readRecord(model, entity, id, signal),
  })

export function DetailPage() {
  const { entityKey = '', entityId = '' } = useParams({ strict: false }) as { entityKey?: string; entityId?: string }
  const entity = useModel().entity(entityKey)
  const session = useSession()
  if (!entity) return <UnknownPage />
  if (!entity.can.read) {
    return session.state === 'signed-in' ? (
      <RefusedPage title={t('refused.title', { name: entity.plural })} />
    ) : (
      <SignInPage />
    )
  }
  return <RecordDetail key={`${entity.key}/${entityId}`} entity={entity} id={entityId} />
}

function recordName(entity: Entity, row: WireRow | null | undefined, id: string): string {
  const label = entity.labelColumn && entity.labelColumn !== entity.idColumn ? row?.[entity.labelColumn] : undefined
  return typeof label === 'string' && label !== '' ? label : `${entity.name} ${id}`
}

/** `e` opens the form, where single letters are keys. */
function useEditKey(edit: (() => void) | null): void {
  useEffect(() => {
    if (!edit) return
    const listen = (event: KeyboardEvent) => {
      if (letterKey(event) !== 'e') return
      event.preventDefault()
      edit()
    }
    document.addEventListener('keydown', listen)
    return () => document.removeEventListener('keydown', listen)
  }, [edit])
}

/** From so many empty fields on they can be hidden. */
const EMPTY_TOGGLE = 3

const isEmpty = (value: unknown) => value === null || value === undefined || value === ''

function RecordDetail({ entity, id }: { entity: Entity; id: string }) {
  const model = useModel()
  const navigate = useNavigate()
  const session = useSession()
  const query = useQuery(recordQuery(model, entity, id))
  const [deleting, setDeleting] = useState(false)
  const row = query.data
  const neighbours = useNeighbours(entity.key, id)
  const shown = useMemo(() => (row ? [row] : undefined), [row])
  const changed = useChangedElsewhere(entity.key, entity.idColumn, shown, async () => {
    const now = await readRecord(model, entity, id)
    return now ? [now] : []
  })
  const mayEdit = entity.can.update && row !== undefined && row !== null
  const edit = useMemo(
    () => (mayEdit ? () => void navigate({ to: paths.edit(entity.key, id) }) : null),
    [mayEdit, entity.key, id, navigate],
  )
  useEditKey(edit)
  const hidesEmpty = useSetting('emptyFields') === 'hidden'
  const name = recordName(entity, row, id)
  const back = (
    <Link to={paths.list(entity.key)} search={parseSearch(lastList(entity.key))} className="co-back-link co-no-print">
      <Icon name="chevronLeft" size={16} />
      <span dir="auto">{entity.plural}</span>
    </Link>
  )

  if (row === null) {
    return (
      <StatePage
        title={t('recordMissing.title')}
        actions={
          <Link to={paths.list(entity.key)} className={buttonClass('primary')}>
            {t('recordMissing.toList', { name: entity.plural })}
          </Link>
        }
      >
        <p>{t('recordMissing.text')}</p>
      </StatePage>
    )
  }

  const problem = query.isError ? describeProblem(query.error, { attempt: 'read' }) : null
  const properties = detailProperties(model, entity.key)
  // The name is the heading, and the first status stands beside it.
  const headStatuses = properties.filter((property) => property.type === 'Status' && row?.[property.column]).slice(0, 1)
  const inHead = [entity.labelColumn, ...headStatuses.map((property) => property.column)]
  const fields = properties.filter((property) => property.type !== 'ManyToMany' && !inHead.includes(property.column))
  const empty = fields.filter((property) => isEmpty(row?.[property.column]))
  const visible = hidesEmpty ? fields.filter((property) => !empty.includes(property)) : fields
  const links = properties.filter((property) => property.type === 'ManyToMany')
  const relations = model.inverse(entity.key).filter((relation) => relation.source.can.read)
  const payment = properties.find((property) => property.type === 'Payment')
  const menu = entity.can.delete
    ? [
        {
          items: [
            {
              key: 'delete',
              label: t('detail.delete'),
              icon: 'trash' as const,
              danger: true,
              onSelect: () => setDeleting(true),
            },
          ],
        },
      ]
    : []

  return (
    <Page
      title={name}
      above={
        <div className="co-spread co-no-print">
          {back}
          {neighbours ? <NeighbourLinks entity={entity} neighbours={neighbours} /> : null}
        </div>
      }
      below={
        <div className="co-row co-muted">
          {row
            ? headStatuses.map((property) => (
                <StatusMenu key={property.column} entity={entity} property={property} id={id} record={row} />
              ))
            : null}
          {/^\d+$/.test(id) ? <span>{t('detail.number', { id })}</span> : null}
        </div>
      }
      actions={
        row ? (
          <>
            {entity.paymentFunction && payment ? (
              <Suspense>
                <PayButton entity={entity} property={payment} record={row} id={id} name={name} />
              </Suspense>
            ) : null}
            {entity.can.update ? (
              <Link to={paths.edit(entity.key, id)} className={buttonClass('primary')} aria-keyshortcuts="e">
                <Icon name="edit" />
                <span>{t('detail.edit')}</span>
              </Link>
            ) : null}
            {menu.length > 0 ? <MenuButton label={t('detail.more')} icon="dots" groups={menu} /> : null}
          </>
        ) : null
      }
    >
      {problem ? (
        <Banner
          kind="error"
          urgent
          title={t('problem.record')}
          facts={problem.facts}
          onRetry={() => void query.refetch()}
        >
          {problem.text}
        </Banner>
      ) : row === undefined ? (
        <Loading />
      ) : (
        <>
          {changed > 0 ? (
            <Banner kind="info" actions={<Button onClick={() => void query.refetch()}>{tx('live.show')}</Button>}>
              <span role="status">{tx('live.changed')}</span>
            </Banner>
          ) : null}
          <section className="co-card co-stack co-stack-tight" aria-label={t('detail.details')}>
            <dl className="co-fields">
              {visible.map((property) => (
                <div key={property.column} className={property.span >= 2 ? 'co-fields-wide' : undefined}>
                  <dt title={property.help}>{property.label}</dt>
                  <dd>
                    <PropertyValue property={property} value={row[property.column]} place="detail" />
                  </dd>
                </div>
              ))}
            </dl>
            {empty.length >= EMPTY_TOGGLE ? (
              <div className="co-no-print">
                <Button
                  look="quiet"
                  aria-expanded={!hidesEmpty}
                  onClick={() => void saveSetting('emptyFields', hidesEmpty ? 'shown' : 'hidden')}
                >
                  {hidesEmpty ? tx('fields.showEmpty', { n: empty.length }) : tx('fields.hideEmpty')}
                </Button>
              </div>
            ) : null}
          </section>
          {links.map((property) =>
            property.link ? (
              <LinksSection key={property.column} property={property} link={property.link} id={id} record={row} />
            ) : null,
          )}
          <RelatedLists relations={relations} record={row} id={id} />
          <Suspense>
            <Activity entity={entity} id={id} record={row} signedIn={session.state === 'signed-in'} />
          </Suspense>
        </>
      )}
      {deleting && row ? (
        <DeleteDialog
          entity={entity}
          id={id}
          name={name}
          record={row}
          linked={relations.flatMap((relation) => {
            const total = relatedTotal(relation, row, id)
            const name = t('detail.relatedVia', { name: relation.source.plural, field: relation.via.label })
            return total > 0 ? [{ name, total }] : []
          })}
          onClose={() => setDeleting(false)}
          onDeleted={() => void navigate({ to: paths.list(entity.key), replace: true })}
        />
      ) : null}
    </Page>
  )
}
