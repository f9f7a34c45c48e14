// What there is to know of one table: fields, relations, rules, rights.

import type { Entity, Model } from '~/lib/metadata/model'
import { TableRights } from './rights'
import { tx } from './texts'

/** The fields that people know of: neither links nor the column that is searched. */
export const fieldsOf = (model: Model, key: string) =>
  model.properties(key).filter((property) => !property.link && property.column !== 'civic_os_text_search')

interface TableFactsProps {
  model: Model
  entity: Entity
  /** Who may do what, where there is one table to look at. */
  withRights?: boolean
  onOpen: (key: string) => void
}

export function TableFacts({ model, entity, withRights, onOpen }: TableFactsProps) {
  const fields = fieldsOf(model, entity.key)
  const parents = fields.filter((property) => property.ref)
  const children = model.inverse(entity.key)
  const links = model.properties(entity.key).filter((property) => property.link)
  const rules = fields.flatMap((property) => property.rules.map((rule) => ({ property, rule })))
  const jump = (key: string, label: string) =>
    model.entity(key) ? (
      <button type="button" className="co-schema-link" onClick={() => onOpen(key)}>
        {label}
      </button>
    ) : (
      label
    )
  return (
    <div className="co-stack co-stack-tight">
      <h2 className="co-h3">
        <span dir="auto">{entity.name}</span> <code className="co-small co-muted">{entity.key}</code>
      </h2>
      {entity.help ? <p dir="auto">{entity.help}</p> : null}
      <h3 className="co-schema-part">{tx('fields')}</h3>
      <ul className="co-small">
        {fields.map((property) => (
          <li key={property.column}>
            <span dir="auto">{property.label}</span>{' '}
            <code className="co-muted">
              {property.column} {property.udtName}
              {property.maxLength ? `(${property.maxLength})` : ''}
              {property.column === entity.idColumn ? ' PK' : ''}
              {property.ref ? ` → ${property.ref.table}` : ''}
            </code>
            {property.nullable ? '' : ` · ${tx('required')}`}
          </li>
        ))}
      </ul>
      <h3 className="co-schema-part">{tx('belongsTo')}</h3>
      {parents.length === 0 ? <p className="co-muted co-small">{tx('none')}</p> : null}
      <ul className="co-small">
        {parents.map((property) => (
          <li key={property.column}>
            {jump(
              property.ref?.table ?? '',
              tx('via', {
                name: model.entity(property.ref?.table ?? '')?.name ?? property.ref?.table ?? '',
                field: property.label,
              }),
            )}
          </li>
        ))}
      </ul>
      <h3 className="co-schema-part">{tx('hasMany')}</h3>
      {children.length === 0 ? <p className="co-muted co-small">{tx('none')}</p> : null}
      <ul className="co-small">
        {children.map(({ source, via }) => (
          <li key={`${source.key}.${via.column}`}>
            {jump(source.key, tx('via', { name: source.plural, field: via.label }))}
          </li>
        ))}
      </ul>
      {links.length > 0 ? (
        <>
          <h3 className="co-schema-part">{tx('manyToMany')}</h3>
          <ul className="co-small">
            {links.map((property) => (
              <li key={property.column}>{jump(property.link?.target ?? '', property.label)}</li>
            ))}
          </ul>
        </>
      ) : null}
      {rules.length > 0 ? (
        <>
          <h3 className="co-schema-part">{tx('rules')}</h3>
          <ul className="co-small">
            {rules.map(({ property, rule }) => (
              <li key={`${property.column}.${rule.type}`}>
                {property.label}: {rule.type} {rule.value} <span className="co-muted">{rule.message}</span>
              </li>
            ))}
          </ul>
        </>
      ) : null}
      {withRights ? <TableRights table={entity.key} /> : null}
    </div>
  )
}
