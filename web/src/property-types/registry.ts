// Every property type and how it behaves.

import type { PropertyType } from '~/lib/metadata/property-type'
import { boolean } from './boolean'
import { color, email, telephone } from './contact'
import { EntryFilter, EntryText, ExactFilter, PresenceFilter, PresenceText, RangeFilter, rangeBounds } from './filters'
import type { PropertyKind } from './kinds'
import { ContainsFilter, ContainsText, enumeration, list, range } from './lists'
import { date, instant, time, timeSlot, wallClock } from './moments'
import { decimal, integer, money } from './numbers'
import { foreignKey, status, user } from './reference'
import { file, geoPoint, manyToMany, payment } from './special'
import { json, longText, shortText, uuid } from './text'

/** Texts are filtered by what they contain. */
const filtered = (kind: PropertyKind): PropertyKind => ({ ...kind, Filter: ContainsFilter, FilterText: ContainsText })

/** What cannot be compared with something typed is filtered by whether it is there. */
const present = (kind: PropertyKind): PropertyKind => ({ ...kind, Filter: PresenceFilter, FilterText: PresenceText })

const files = present(file)

export const kinds: Readonly<Record<PropertyType, PropertyKind>> = {
  TextShort: filtered(shortText),
  TextLong: filtered(longText),
  Boolean: boolean,
  Date: date,
  DateTime: wallClock,
  DateTimeLocal: instant,
  Money: money,
  IntegerNumber: integer,
  DecimalNumber: decimal,
  ForeignKeyName: foreignKey,
  User: user,
  GeoPoint: present(geoPoint),
  Color: filtered(color),
  Email: filtered(email),
  Telephone: filtered(telephone),
  TimeSlot: timeSlot,
  ManyToMany: manyToMany,
  File: files,
  FileImage: files,
  FilePDF: files,
  Payment: present(payment),
  Status: status,
  Time: time,
  Uuid: { ...uuid, Filter: ExactFilter },
  Json: present(json),
  List: { ...list, Filter: EntryFilter, FilterText: EntryText },
  Range: { ...range, Filter: RangeFilter, toConditions: rangeBounds },
  Unknown: enumeration,
}
