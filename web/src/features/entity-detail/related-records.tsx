// Records of another type that point at this one through one foreign key: the newest five, how many
// there are, and the way to all of them.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useId } from 'react'
import { Banner } from '~/components/banner'
import { buttonClass } from '~/components/button'
import { Icon } from '~/components/icon'
import { paths } from '~/config/paths'
import { showNumber } from '~/lib/format/numbers'
import { t } from '~/lib/i18n/t'
import type { InverseRelation, Model } from '~/lib/metadata/model'
import { useModel } from '~/lib/metadata/model-context'
import { readPage, type WireRow } from '~/lib/postgrest/client'
import { aliased, eq } from '~/lib/postgrest/query'
import { describeProblem } from '~/lib/problem'
import { queryClient } from '~/lib/query-client'

const SHOWN = 5

export function relatedQuery(relation: InverseRelation, record: WireRow, recordId: string) {
  const { source, via } = relation
  const value = pointedValue(relation, record, recordId)
  const id = source.idColumn
  const label = source.labelColumn ?? via.column
  return queryOptions({
    queryKey: ['related', source.key, via.column, value],
    queryFn: ({ signal }) =>
      readPage(
        {
          table: source.key,
          select: [...(id ? [aliased('key', id)] : []), aliased('label', label)],
          conditions: [eq(via.column, value)],
          order: id ? [{ by: id, dir: 'desc' }] : [],
        },
        0,
        SHOWN,
        signal,
      ),
  })
}

/** The value that records of the relation point with. */
function pointedValue({ via }: InverseRelation, record: WireRow, id: string): string {
  const own = record[via.ref?.column ?? 'id']
  return own === null || own === undefined || typeof own === 'object' ? id : String(own)
}

/** How many records of the relation the page has found; 0 where it has not. */
export function relatedTotal(relation: InverseRelation, record: WireRow, id: string): number {
  return queryClient.getQueryData(relatedQuery(relation, record, id).queryKey)?.total ?? 0
}

/** Names the field too where several fields of one record type point here. */
export function relatedTitle(model: Model, { source, via }: InverseRelation): string {
  const several = model.inverse(via.ref?.table ?? '').filter((other) => other.source.key === source.key).length > 1
  return several ? t('detail.relatedVia', { name: source.plural, field: via.label }) : source.plural
}

export function RelatedRecords({ relation, record, id }: { relation: InverseRelation; record: WireRow; id: string }) {
  const { source, via } = relation
  const headingId = useId()
  const model = useModel()
  const value = pointedValue(relation, record, id)
  const query = useQuery(relatedQuery(relation, record, id))
  const title = relatedTitle(model, relation)
  const rows = query.data?.rows ?? []
  const total = query.data?.total ?? rows.length
  const search = { f0_col: via.column, f0_op: 'eq', f0_val: value }
  return (
    <section className="co-card co-related-card" aria-labelledby={headingId} aria-busy={query.isPending || undefined}>
      <div className="co-spread">
        <h2 id={headingId}>
          <span dir="auto">{title}</span>
          {query.data ? <span className="co-count"> {showNumber(total)}</span> : null}
        </h2>
        {source.can.create ? (
          <Link
            to={paths.create(source.key)}
            search={{ [via.column]: value }}
            className={buttonClass('quiet', 'co-no-print')}
          >
            <Icon name="plus" size={16} />
            <span>{t('list.add', { name: source.name })}</span>
          </Link>
        ) : null}
      </div>
      {query.isError ? (
        <Banner
          kind="error"
          facts={describeProblem(query.error, { attempt: 'read' }).facts}
          onRetry={() => void query.refetch()}
        >
          {t('problem.related')}
        </Banner>
      ) : query.data && rows.length === 0 ? (
        <p className="co-muted">{t('detail.noRelated')}</p>
      ) : (
        <ul className="co-related-list">
          {rows.map((row, index) => {
            const key = row.key === undefined || row.key === null ? null : String(row.key)
            const label = row.label === null ? t('value.unknownRecord', { id: key ?? '' }) : String(row.label)
            return (
              <li key={key ?? index}>
                {key ? (
                  <Link to={paths.detail(source.key, key)} dir="auto">
                    {label}
                  </Link>
                ) : (
                  label
                )}
              </li>
            )
          })}
        </ul>
      )}
      {total > SHOWN ? (
        <Link to={paths.list(source.key)} search={search}>
          {t('detail.viewAll', { n: total })}
        </Link>
      ) : null}
    </section>
  )
}
