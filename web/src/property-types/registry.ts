// Every property type and how it behaves.

import type { PropertyType } from '~/lib/metadata/property-type'
import { boolean } from './boolean'
import { color, email, telephone } from './contact'
import type { PropertyKind } from './kinds'
import { ContainsFilter, ContainsText, enumeration, list, range } from './lists'
import { date, instant, time, timeSlot, wallClock } from './moments'
import { decimal, integer, money } from './numbers'
import { foreignKey, status, user } from './reference'
import { file, geoPoint, manyToMany, payment } from './special'
import { json, longText, shortText, uuid } from './text'

/** Texts are filtered by what they contain. */
const filtered = (kind: PropertyKind): PropertyKind => ({ ...kind, Filter: ContainsFilter, FilterText: ContainsText })

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
  GeoPoint: geoPoint,
  Color: color,
  Email: filtered(email),
  Telephone: filtered(telephone),
  TimeSlot: timeSlot,
  ManyToMany: manyToMany,
  File: file,
  FileImage: file,
  FilePDF: file,
  Payment: payment,
  Status: status,
  Time: time,
  Uuid: uuid,
  Json: json,
  List: list,
  Range: range,
  Unknown: enumeration,
}
