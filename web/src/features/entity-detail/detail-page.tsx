// One record: its fields, the records linked to it, and what may be done with it.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { RefusedPage, SignInPage, UnknownPage } from '~/components/access'
import { Banner } from '~/components/banner'
import { buttonClass } from '~/components/button'
import { Icon } from '~/components/icon'
import { Loading } from '~/components/loading'
import { MenuButton } from '~/components/menu-button'
import { Page, StatePage } from '~/components/page'
import { paths } from '~/config/paths'
import { useSession } from '~/lib/auth/session'
import { t } from '~/lib/i18n/t'
import { detailProperties, type Entity, type Model } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import { readSelect, settleKeys } from '~/lib/metadata/select'
import { readRows, type WireRow } from '~/lib/postgrest/client'
import { eq } from '~/lib/postgrest/query'
import { describeProblem } from '~/lib/problem'
import { lastList } from '~/lib/remember-list'
import { parseSearch } from '~/lib/search'
import { PropertyValue } from '~/property-types/property-value'
import { DeleteDialog } from './delete-dialog'
import { LinksSection } from './links-editor'
import { RelatedRecords } from './related-records'
import { StatusMenu } from './status-menu'
import './detail.css'

const Activity = lazy(() => import('./activity'))
const PayButton = lazy(() => import('~/records/pay-button'))

const recordQuery = (model: Model, entity: Entity, id: string) =>
  queryOptions({
    queryKey: ['record', entity.key, id, 'read'],
    queryFn: async ({ signal }): Promise<WireRow | null> => {
      const select = readSelect(model, entity, detailProperties(model, entity.key))
      const rows = await readRows(
        { table: entity.key, select, conditions: [eq(entity.idColumn ?? 'id', id)], limit: 1 },
        signal,
      )
      return settleKeys(rows)[0] ?? null
    },
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

function RecordDetail({ entity, id }: { entity: Entity; id: string }) {
  const model = useModel()
  const navigate = useNavigate()
  const session = useSession()
  const query = useQuery(recordQuery(model, entity, id))
  const [deleting, setDeleting] = useState(false)
  const row = query.data
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
  const links = properties.filter((property) => property.type === 'ManyToMany')
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
      above={back}
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
              <Link to={paths.edit(entity.key, id)} className={buttonClass('primary')}>
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
          <section className="co-card" aria-label={t('detail.details')}>
            <dl className="co-fields">
              {fields.map((property) => (
                <div key={property.column} className={property.span >= 2 ? 'co-fields-wide' : undefined}>
                  <dt title={property.help}>{property.label}</dt>
                  <dd>
                    <PropertyValue property={property} value={row[property.column]} place="detail" />
                  </dd>
                </div>
              ))}
            </dl>
          </section>
          {links.map((property) =>
            property.link ? (
              <LinksSection key={property.column} property={property} link={property.link} id={id} record={row} />
            ) : null,
          )}
          <div className="co-related">
            {model
              .inverse(entity.key)
              .filter((relation) => relation.source.can.read)
              .map((relation) => (
                <RelatedRecords
                  key={`${relation.source.key}.${relation.via.column}`}
                  relation={relation}
                  record={row}
                  id={id}
                />
              ))}
          </div>
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
          onClose={() => setDeleting(false)}
          onDeleted={() => void navigate({ to: paths.list(entity.key), replace: true })}
        />
      ) : null}
    </Page>
  )
}
