// Uploaded files: what there is, of which record, how its preview stands.

import { queryOptions, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useId } from 'react'
import { Banner } from '~/components/banner'
import { Loading } from '~/components/loading'
import { Page } from '~/components/page'
import { paths } from '~/config/paths'
import { useFileAddresses } from '~/lib/files'
import { personZone, showInstant } from '~/lib/format/dates'
import { showFileSize } from '~/lib/format/numbers'
import { t } from '~/lib/i18n/t'
import { useModel } from '~/lib/metadata/model-context'
import { readPage, type WireRow } from '~/lib/postgrest/client'
import { contains } from '~/lib/postgrest/query'
import { describeProblem } from '~/lib/problem'
import { AdminGate } from './admin-gate'
import { Paging, pageOf } from './paging'
import { catalogues, tx } from './texts'
import './admin.css'

const PAGE_SIZE = 50

const filesQuery = (find: string, page: number) =>
  queryOptions({
    queryKey: ['files-admin', find, page],
    queryFn: ({ signal }) =>
      readPage(
        {
          table: 'files',
          select: ['*'],
          conditions: find ? [contains('file_name', find)] : [],
          order: [{ by: 'created_at', dir: 'desc' }],
        },
        (page - 1) * PAGE_SIZE,
        PAGE_SIZE,
        signal,
      ),
  })

export function FilesPage() {
  return (
    <AdminGate title={t('admin.files')}>
      <Files />
    </AdminGate>
  )
}

function previewState(state: string): string {
  const key = `files.state.${state}`
  return key in catalogues.en ? tx(key as keyof typeof catalogues.en) : state
}

function Files() {
  const model = useModel()
  const navigate = useNavigate()
  const id = useId()
  const search = useSearch({ strict: false }) as Record<string, string>
  const find = search.q ?? ''
  const page = pageOf(search)
  const query = useQuery({ ...filesQuery(find, page), placeholderData: (previous) => previous })
  const rows = query.data?.rows ?? []
  return (
    <Page title={t('admin.files')} below={<p className="co-muted">{tx('files.help')}</p>}>
      <div className="co-bound co-admin-choice">
        <label htmlFor={id} className="co-small">
          {tx('files.find')}
        </label>
        <input
          id={id}
          type="search"
          className="co-input"
          key={find}
          defaultValue={find}
          onBlur={(event) => {
            if (event.target.value !== find) void navigate({ to: '.', search: { q: event.target.value || undefined } })
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
      ) : rows.length === 0 ? (
        <p>{tx('files.none')}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard
        <section className="co-admin-scroll" tabIndex={0} aria-label={t('admin.files')}>
          <table className="co-admin-table co-small">
            <thead>
              <tr>
                {(
                  ['files.name', 'files.kind', 'files.size', 'files.record', 'files.when', 'files.preview'] as const
                ).map((key) => (
                  <th key={key} scope="col">
                    {tx(key)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => {
                const entity = model.entity(String(row.entity_type))
                return (
                  <tr key={String(row.id)}>
                    <th scope="row">
                      <FileLink row={row} />
                    </th>
                    <td>{String(row.file_type)}</td>
                    <td className="co-numbers">{showFileSize(Number(row.file_size))}</td>
                    <td>
                      {entity ? (
                        <Link to={paths.detail(entity.key, String(row.entity_id))}>
                          {entity.name} {String(row.entity_id)}
                        </Link>
                      ) : (
                        `${row.entity_type} ${row.entity_id}`
                      )}
                    </td>
                    <td className="co-numbers">{showInstant(String(row.created_at), personZone())}</td>
                    <td title={row.thumbnail_error ? String(row.thumbnail_error) : undefined}>
                      {previewState(String(row.thumbnail_status))}
                    </td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </section>
      )}
      <Paging page={page} size={PAGE_SIZE} shown={rows.length} total={query.data?.total} search={search} />
    </Page>
  )
}

function FileLink({ row }: { row: WireRow }) {
  const keys = { id: String(row.id), original: String(row.s3_original_key), medium: null, large: null }
  const { original } = useFileAddresses(keys)
  const name = String(row.file_name)
  if (!original) return <span dir="auto">{name}</span>
  return (
    <a href={original} rel="noopener" target="_blank" dir="auto">
      {name}
    </a>
  )
}
