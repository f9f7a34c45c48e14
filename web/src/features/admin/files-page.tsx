// Uploaded files: what there is, of which record, how its preview stands.

import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Page } from '~/components/page'
import { pageOf, Register, registerQuery, TextFilter } from '~/components/register'
import { paths } from '~/config/paths'
import { useFileAddresses } from '~/lib/files'
import { personZone, showInstant } from '~/lib/format/dates'
import { showFileSize } from '~/lib/format/numbers'
import { t } from '~/lib/i18n/t'
import { useModel } from '~/lib/metadata/model-context'
import type { WireRow } from '~/lib/postgrest/client'
import { contains, type Read } from '~/lib/postgrest/query'
import { AdminGate } from './admin-gate'
import { catalogues, tx } from './texts'
import './admin.css'

const filesRead = (find: string): Read => ({
  table: 'files',
  select: ['*'],
  conditions: find ? [contains('file_name', find)] : [],
  order: [
    { by: 'created_at', dir: 'desc' },
    { by: 'id', dir: 'desc' },
  ],
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
  const search = useSearch({ strict: false }) as Record<string, string>
  const find = search.q ?? ''
  const page = pageOf(search)
  const query = useQuery(registerQuery('files-admin', filesRead(find), page))
  const rows = query.data?.rows ?? []
  return (
    <Page title={t('admin.files')} below={<p className="co-muted">{tx('files.help')}</p>}>
      <div className="co-admin-choice co-no-print">
        <TextFilter label={tx('files.find')} value={find} onChange={(q) => void navigate({ to: '.', search: { q } })} />
      </div>
      <Register
        label={t('admin.files')}
        query={query}
        page={page}
        search={search}
        empty={<p className="co-card">{tx(find ? 'files.noMatch' : 'files.none')}</p>}
      >
        <table className="co-card-table">
          <thead>
            <tr>
              {(['files.name', 'files.kind', 'files.size', 'files.record', 'files.when', 'files.preview'] as const).map(
                (key) => (
                  <th key={key} scope="col">
                    {tx(key)}
                  </th>
                ),
              )}
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
                  <td data-label={tx('files.kind')}>{String(row.file_type)}</td>
                  <td data-label={tx('files.size')} className="co-numbers">
                    {showFileSize(Number(row.file_size))}
                  </td>
                  <td data-label={tx('files.record')}>
                    {entity ? (
                      <Link to={paths.detail(entity.key, String(row.entity_id))}>
                        {entity.name} {String(row.entity_id)}
                      </Link>
                    ) : (
                      `${row.entity_type} ${row.entity_id}`
                    )}
                  </td>
                  <td data-label={tx('files.when')} className="co-numbers">
                    {showInstant(String(row.created_at), personZone())}
                  </td>
                  <td
                    data-label={tx('files.preview')}
                    title={row.thumbnail_error ? String(row.thumbnail_error) : undefined}
                  >
                    {previewState(String(row.thumbnail_status))}
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </Register>
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
