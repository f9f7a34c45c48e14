// Whole numbers, decimals and money. Typed values travel as exact text, never through a float.

import { moneyToInput, numberToInput, readMoney, readNumber, showMoney, showNumber } from '~/lib/format/numbers'
import { t } from '~/lib/i18n/t'
import type { Property } from '~/lib/metadata/model'
import type { Condition } from '~/lib/postgrest/query'
import type { FilterProps, PropertyKind } from './kinds'
import { textFromWire } from './kinds'
import { TextInput } from './text'

const LIMITS: Readonly<Record<string, bigint>> = { int2: 32767n, int4: 2147483647n, int8: 9223372036854775807n }

/** Safe integers go as JSON numbers, larger ones as text, which the database reads the same. */
function numberToWire(text: string): number | string {
  const number = Number(text)
  return Number.isFinite(number) && String(number) === text ? number : text
}

function checkInteger(draft: string, property: Property): string | undefined {
  const plain = readNumber(draft)
  if (plain === null || !/^-?\d+$/.test(plain)) return t('check.integer', { label: property.label })
  const limit = LIMITS[property.udtName]
  const value = BigInt(plain)
  return limit !== undefined && (value > limit || value < -limit - 1n)
    ? t('check.integerRange', { label: property.label })
    : undefined
}

export function BoundsFilter({ property, conditions, onChange, id }: FilterProps) {
  const bound = (op: Condition['op']) => conditions.find((condition) => condition.op === op)?.value ?? ''
  const set = (op: 'gte' | 'lte', value: string) =>
    onChange([
      ...conditions.filter((condition) => condition.op !== op),
      ...(value === '' ? [] : [{ column: property.column, op, value }]),
    ])
  return (
    <div className="co-bounds">
      {(['gte', 'lte'] as const).map((op) => (
        <label key={op} className="co-bound" htmlFor={`${id}-${op}`}>
          <span className="co-small">{t(op === 'gte' ? 'filter.min' : 'filter.max')}</span>
          <input
            id={`${id}-${op}`}
            className="co-input"
            inputMode="decimal"
            key={bound(op)}
            defaultValue={numberToInput(bound(op))}
            onBlur={(event) => {
              const plain = readMoney(event.target.value)
              if ((plain ?? '') !== bound(op)) set(op, plain ?? '')
            }}
            onKeyDown={(event) => {
              if (event.key === 'Enter') event.currentTarget.blur()
            }}
          />
        </label>
      ))}
    </div>
  )
}

const shared = { Filter: BoundsFilter, alignEnd: true } as const

export const integer: PropertyKind = {
  ...shared,
  Display: ({ value, property }) => (
    <span className="co-numbers">
      {property.column === 'id' ? String(value) : showNumber(value as number | string)}
    </span>
  ),
  Field: (props) => <TextInput {...props} inputMode="numeric" className="co-input-short" />,
  fromWire: textFromWire,
  toWire: (draft) => numberToWire(readNumber(String(draft)) ?? String(draft)),
  check: checkInteger,
}

export const decimal: PropertyKind = {
  ...shared,
  Display: ({ value }) => <span className="co-numbers">{showNumber(value as number | string)}</span>,
  Field: (props) => <TextInput {...props} inputMode="decimal" className="co-input-short" />,
  fromWire: (wire) => (wire === null || wire === undefined ? null : numberToInput(wire as string | number)),
  toWire: (draft) => numberToWire(readNumber(String(draft)) ?? String(draft)),
  check: (draft, property) => (readNumber(draft) === null ? t('check.number', { label: property.label }) : undefined),
}

export const money: PropertyKind = {
  ...shared,
  Display: ({ value }) => <span className="co-numbers">{showMoney(value as string | number)}</span>,
  Field: (props) => <TextInput {...props} inputMode="decimal" className="co-input-short" />,
  fromWire: (wire) => (wire === null || wire === undefined ? null : moneyToInput(wire as string | number)),
  toWire: (draft) => numberToWire(readMoney(String(draft)) ?? String(draft)),
  check: (draft, property) => (readMoney(draft) === null ? t('check.money', { label: property.label }) : undefined),
}
